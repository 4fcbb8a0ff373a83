//! Rows as text of multi-row inserts: one statement of a thousand rows costs the server less than a thousand bound ones.

use std::fmt::{Display, Write as _};

use chrono::{NaiveDate, NaiveDateTime};

use crate::person::Person;

/// An `insert` that grows by rows.
pub(crate) struct Insert {
    sql: String,
    head: usize,
    pub(crate) rows: u64,
}

impl Insert {
    fn into(table: &str, columns: &str) -> Self {
        let sql = format!("insert into {table} ({columns}) values ");
        Self { head: sql.len(), sql, rows: 0 }
    }

    /// The statement; none without rows.
    pub(crate) fn finish(self) -> Option<String> {
        (self.rows > 0).then_some(self.sql)
    }

    fn row(&mut self, values: &[Value<'_>]) {
        if self.sql.len() > self.head {
            self.sql.push(',');
        }
        self.rows += 1;
        for (at, value) in values.iter().enumerate() {
            self.sql.push(if at == 0 { '(' } else { ',' });
            value.write(&mut self.sql);
        }
        self.sql.push(')');
    }
}

/// One value, written as a literal.
enum Value<'a> {
    Null,
    Number(u64),
    Text(&'a str),
    Pence(u32),
    Plain(String),
}

impl Value<'_> {
    fn write(&self, sql: &mut String) {
        match self {
            Self::Null => sql.push_str("null"),
            Self::Number(number) => number_into(sql, number),
            Self::Pence(pence) => number_into(sql, &format_args!("{}.{:02}", pence / 100, pence % 100)),
            Self::Plain(text) => number_into(sql, &format_args!("'{text}'")),
            Self::Text(text) => {
                sql.push('\'');
                for c in text.chars() {
                    // The server reads a backslash as an escape in its default mode.
                    if matches!(c, '\'' | '\\') {
                        sql.push(c);
                    }
                    sql.push(c);
                }
                sql.push('\'');
            }
        }
    }
}

fn number_into(sql: &mut String, value: &impl Display) {
    // Writing to a String cannot fail.
    let _ = write!(sql, "{value}");
}

fn text(value: Option<&str>) -> Value<'_> {
    value.map_or(Value::Null, Value::Text)
}

fn time<'a>(value: Option<NaiveDateTime>) -> Value<'a> {
    value.map_or(Value::Null, |at| Value::Plain(at.format("%Y-%m-%d %H:%M:%S").to_string()))
}

fn date<'a>(value: Option<NaiveDate>) -> Value<'a> {
    value.map_or(Value::Null, |at| Value::Plain(at.to_string()))
}

/// Inserts for all tables.
pub(crate) struct Inserts {
    pub(crate) users: Insert,
    pub(crate) addresses: Insert,
    pub(crate) claims: Insert,
    pub(crate) requirements: Insert,
    pub(crate) packages: Insert,
    pub(crate) logs: Insert,
}

impl Inserts {
    pub(crate) fn new() -> Self {
        Self {
            users: Insert::into(
                "users",
                "id, email_address, password, is_enabled, status, first_name, last_name, phone_number, date_of_birth, previous_name, \
                 current_user_address_id, current_signature_file_id, notification_channels, introducer, solicitor, last_login, \
                 checkboard_address_links_api_response, marketing_source, created_at, updated_at",
            ),
            addresses: Insert::into(
                "user_addresses",
                "id, user_id, type, is_linked_address, full_address, address_line_1, house_number, street, building_name, county, \
                 post_code, post_town, country, created_at, updated_at",
            ),
            claims: Insert::into("claims", "id, user_id, type, status, lender, solicitor, client_last_updated_at, created_at, updated_at"),
            requirements: Insert::into(
                "claim_requirements",
                "id, claim_id, type, status, claim_requirement_reason, claim_requirement_rejection_reason, created_at, updated_at",
            ),
            packages: Insert::into(
                "claim_vehicle_packages",
                "id, claim_id, vehicle_registration, vehicle_make, vehicle_model, dealership_name, monthly_payment, contract_start_date, \
                 status, created_at, updated_at",
            ),
            logs: Insert::into("user_logs", "id, user_id, type, detail, created_at, updated_at"),
        }
    }

    pub(crate) fn add(&mut self, person: &Person) {
        let large_json = person.has_large_json.then(|| format!(r#"{{"links":[{}]}}"#, vec!["\"invented\""; 60].join(",")));
        self.users.row(&[
            Value::Number(person.id),
            text(person.email.as_deref()),
            Value::Text("not a password"),
            Value::Number(person.is_enabled.into()),
            text(person.status),
            text(person.first_name.as_deref()),
            text(person.last_name.as_deref()),
            text(person.phone_number.as_deref()),
            date(person.date_of_birth),
            text(person.previous_name.as_deref()),
            text(person.addresses.first().map(|address| address.id.as_str())),
            text(person.signature_file_id.as_deref()),
            Value::Text(r#"["email","sms"]"#),
            Value::Text(person.introducer),
            text(person.solicitor),
            time(person.last_login),
            text(large_json.as_deref()),
            text(person.marketing_source),
            time(person.created_at),
            time(person.updated_at),
        ]);
        for address in &person.addresses {
            self.addresses.row(&[
                Value::Text(&address.id),
                Value::Number(person.id),
                Value::Text("home"),
                Value::Number(address.is_linked.into()),
                text(address.full.as_deref()),
                text(address.line_1.as_deref()),
                text(address.house_number.as_deref()),
                Value::Text(address.street),
                text(address.building),
                text(address.county),
                Value::Text(&address.post_code),
                Value::Text(address.post_town),
                Value::Text("United Kingdom"),
                time(address.created_at),
                time(address.created_at),
            ]);
        }
        for claim in &person.claims {
            self.claims.row(&[
                Value::Number(claim.id),
                Value::Number(person.id),
                Value::Text("VEHICLE"),
                text(claim.status),
                text(claim.lender),
                text(claim.solicitor),
                time(claim.updated_at),
                time(claim.created_at),
                time(claim.updated_at),
            ]);
            for requirement in &claim.requirements {
                self.requirements.row(&[
                    Value::Text(&requirement.id),
                    Value::Number(claim.id),
                    text(requirement.kind),
                    text(requirement.status),
                    text(requirement.reason),
                    text(requirement.rejection),
                    time(requirement.created_at),
                    time(requirement.updated_at),
                ]);
            }
            for package in &claim.packages {
                self.packages.row(&[
                    Value::Text(&package.id),
                    Value::Number(claim.id),
                    text(package.registration.as_deref()),
                    Value::Text(package.make),
                    text(package.model),
                    text(package.dealership),
                    Value::Pence(package.monthly_pence),
                    time(package.contract_start),
                    Value::Text("active"),
                    time(package.created_at),
                    time(package.created_at),
                ]);
            }
        }
        for log in &person.logs {
            self.logs.row(&[
                Value::Text(&log.id),
                Value::Number(person.id),
                Value::Text(log.kind),
                Value::Text(log.detail),
                time(log.created_at),
                time(log.created_at),
            ]);
        }
    }
}
