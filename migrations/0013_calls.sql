-- The rows of the catalogue are data: labels, keys, delays, what is needed. Which there are is not: the program reads each code as one of
-- its own, and would read nothing at all with another among them.
alter table calls.disposition
    add constraint disposition_code_is_known check (
        code in (
            'completed', 'going_to_complete', 'might_complete', 'callback_requested', 'contacted', 'not_interested', 'no_answer',
            'left_voicemail', 'busy', 'wrong_number', 'hung_up', 'no_claim', 'language_barrier', 'vulnerable', 'do_not_contact', 'failed',
            'not_recorded'
        )
    );
