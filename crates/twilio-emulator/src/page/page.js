// The page of a local telephone network: what goes on, and a telephone for whoever sits in front of it.
const find = (id) => document.getElementById(id);
const over = new Set(["completed", "busy", "no-answer", "failed", "canceled"]);
// The call that this page talks on: its sid, the connection, and when it began.
let mine = null;

const say = (problem) => {
  find("problem").textContent = problem;
};

const ask = async (path, body, method = body === undefined ? "GET" : "POST") => {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`admin/${path}`, body === undefined ? { method } : { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  const value = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Error(value?.message ?? `${path} was answered ${answer.status}`);
  return value;
};

const element = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text ?? "" }, more);
const button = (text, className, onclick) => element("button", text, { type: "button", className, onclick });
const tried = (action) => async (event) => {
  event?.preventDefault?.();
  say("");
  try {
    await action(event);
  } catch (error) {
    say(error.message);
  }
};

/** A microphone and a connection to the network; answers the offer to send. */
const connect = async () => {
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const connection = new RTCPeerConnection();
  microphone.getTracks().forEach((track) => connection.addTrack(track, microphone));
  connection.ontrack = (event) => {
    find("sound").srcObject = event.streams[0] ?? new MediaStream([event.track]);
  };
  await connection.setLocalDescription();
  return { connection, microphone };
};

const talk = async (line, sid, who, sdp) => {
  await line.connection.setRemoteDescription({ type: "answer", sdp });
  mine = { ...line, sid, who, began: Date.now() };
  await refresh();
};

const letGo = (line) => {
  line?.connection.close();
  line?.microphone.getTracks().forEach((track) => track.stop());
  find("sound").srcObject = null;
};

const withLine = async (begin) => {
  if (mine) throw new Error("You are on another call; hang up first.");
  const line = await connect();
  try {
    await begin(line, line.connection.localDescription.sdp);
  } catch (error) {
    letGo(line);
    throw error;
  }
};

const answer = (call) =>
  tried(() =>
    withLine(async (line, sdp) => {
      const answered = await ask(`calls/${call.sid}/answer`, { sdp });
      await talk(line, call.sid, `${call.from} to ${call.to}`, answered.sdp);
    }),
  );

const decline = (call) => tried(() => ask(`calls/${call.sid}/decline`, {}));
const hangUp = (sid) => tried(() => ask(`calls/${sid}/hangup`, {}));

const cell = (text, className = "") => element("td", text, { className });
const loudness = (flow) => `${flow.packets} packets, ${Math.round(flow.recent_rms)}`;

const showCalls = (calls) => {
  const canRing = (call) => call.status === "ringing" && call.plan && call.direction !== "inbound";
  const ringing = calls.filter(canRing);
  find("ringing").replaceChildren(
    ...ringing.map((call) => {
      const line = element("li", `${call.from} rings ${call.to}`);
      line.append(button("Answer", "go", answer(call)), button("Decline", "stop", decline(call)));
      return line;
    }),
  );
  find("idle").hidden = ringing.length > 0 || mine !== null;
  find("calls").replaceChildren(
    ...calls
      .slice(-50)
      .reverse()
      .map((call) => {
        const row = element("tr", "", { className: over.has(call.status) ? "over" : "" });
        const who = call.plan ?? "a browser";
        const { received, sent, digits } = call.media;
        const end = cell("");
        if (!over.has(call.status)) end.append(button("End", "stop", hangUp(call.sid)));
        row.append(cell(call.from), cell(call.to), cell(call.status), cell(who), cell(loudness(received)), cell(loudness(sent)), cell(digits), end);
        return row;
      }),
  );
  const talking = mine && calls.find((call) => call.sid === mine.sid);
  if (mine && (!talking || over.has(talking.status))) {
    letGo(mine);
    mine = null;
  }
  find("talking").hidden = !mine;
  if (mine) {
    const seconds = Math.floor((Date.now() - mine.began) / 1000);
    find("who").textContent = mine.who;
    find("how-long").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    find("said").value = talking.media.received.recent_rms;
    find("heard").value = talking.media.sent.recent_rms;
  }
};

const showMessages = (messages) => {
  const rows = messages.slice(-50).reverse();
  find("messages").replaceChildren(
    ...rows.map((message) => {
      const row = element("tr");
      row.append(cell(message.from), cell(message.to), cell(message.body, "text"), cell(message.error ? `${message.status} (${message.error})` : message.status));
      return row;
    }),
  );
};

let isFetching = false;
const refresh = async () => {
  if (isFetching) return;
  isFetching = true;
  try {
    const [calls, messages] = await Promise.all([ask("calls"), ask("messages")]);
    showCalls(calls);
    showMessages(messages);
  } catch (error) {
    say(`The network cannot be reached: ${error.message}`);
  } finally {
    isFetching = false;
  }
};

for (const key of "123456789*0#") {
  find("keys").append(button(key, "", () => mine?.connection.getSenders()[0]?.dtmf?.insertDTMF(key)));
}
find("hang-up").onclick = () => mine && hangUp(mine.sid)();
find("mine").onchange = tried(async (event) => {
  if (event.target.checked) await ask("scenarios", { match: {}, steps: [{ no_answer: true }] });
  else await ask("scenarios", undefined, "DELETE");
});
// What Twilio writes for a number that is kept back: ANONYMOUS on a telephone's keys.
const WITHHELD = "+266696687";
// As people in the UK write a number, too.
const e164 = (number) => number.replaceAll(" ", "").replace(/^0/, "+44");
find("ring-in").onsubmit = tried((event) => {
  const { from, to, withheld } = Object.fromEntries(new FormData(event.target));
  const shown = withheld ? WITHHELD : e164(from);
  return withLine(async (line, sdp) => {
    const call = await ask("calls/incoming", { from: shown, to, sdp });
    await talk(line, call.sid, `${withheld ? "withheld" : shown} to ${to}`, call.sdp);
  });
});
find("write").onsubmit = tried(async (event) => {
  const { from, to, body } = Object.fromEntries(new FormData(event.target));
  await ask("messages/incoming", { from: e164(from), to, body });
  event.target.elements.body.value = "";
});
addEventListener("pagehide", () => mine && navigator.sendBeacon(`admin/calls/${mine.sid}/hangup`));

const { numbers } = await ask("account");
find("numbers").replaceChildren(...numbers.map((number) => element("option", "", { value: number })));
for (const form of ["ring-in", "write"]) find(form).elements.to.value = numbers[0] ?? "";
find("mine").checked = (await ask("scenarios")).some((scenario) => scenario.to === null && scenario.left === null);
const events = new EventSource("admin/events");
let due = null;
events.onmessage = () => {
  due ??= setTimeout(() => {
    due = null;
    refresh();
  }, 150);
};
setInterval(refresh, 1_000);
await refresh();
