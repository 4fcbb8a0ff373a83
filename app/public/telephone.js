// The telephone: the carrier's Voice SDK, the microphone and the speaker behind a few plain functions. Nothing else touches the
// SDK. `app/src/telephone.rs` adds this script when a telephone is first needed, calls it, and is told of everything that happens
// through one function. A failure is a number: the SDK's own code, or 0.
(function () {
  // Asked for twice at the same time.
  if (window.dialler_telephone) return;
  const SDK = "/vendor/twilio.min.js";
  // The SDK would fetch its sounds from elsewhere, and wait for them.
  const SILENCE = "/sounds/silence.wav";
  const SOUNDS = ["disconnect", "incoming", "outgoing", "dtmfh", "dtmfs", ...Array.from({ length: 10 }, (_, digit) => `dtmf${digit}`)];
  // So long may the carrier take to answer, in milliseconds.
  const PATIENCE = 10_000;
  // A key sounds for 160 ms, its end is said three times, and 50 ms later the next may; of those that come sooner Chromium loses some.
  const KEY_TIME = 320;
  // After this the SDK has done what it does by itself when something is plugged in, in milliseconds.
  const SETTLING = 500;
  // In this window's storage: the call in which the agent has muted themself.
  const MUTED = "dialler.muted";
  // So long an echo is, in milliseconds.
  const ECHO_TIME = 3000;
  // Somebody rings for 20 s, of which the page may learn late. In seconds.
  const LONGEST_RING = 60;
  // What is known of the microphone, as in `Microphone::from_number`.
  const [UNKNOWN, READY, REFUSED, MISSING, FAILED] = [0, 1, 2, 3, 4];

  /** @type {(what: string, a: number, b: number, c: number, d: number) => void} */
  let listener = () => {};
  const tell = (/** @type {string} */ what, a = 0, b = 0, c = 0, d = 0) => listener(what, a, b, c, d);

  /** @type {Promise<void> | undefined} */
  let sdk;
  let device = null;
  let call = null;
  /** What its leg was named by. */
  let connectedAs = "";
  /** So many calls are on their way to becoming `call`. */
  let connecting = 0;
  /** The connection of the newest call. */
  let connection = null;
  let sampling = 0;
  let lastError = 0;

  /** The local carrier is on plain http, where the SDK's “wss” cannot go. The SDK takes whatever is there when it is read. */
  function allowPlainSockets(carrier) {
    const Native = window.WebSocket;
    const ours = `wss://${carrier}/`;
    window.WebSocket = class extends Native {
      constructor(url, protocols) {
        const to = String(url).startsWith(ours) ? `ws://${String(url).slice("wss://".length)}` : url;
        super(to, ...(protocols === undefined ? [] : [protocols]));
      }
    };
  }

  function load(carrier) {
    sdk ??= new Promise((resolve, reject) => {
      if (carrier && location.protocol === "http:") allowPlainSockets(carrier);
      const script = document.createElement("script");
      script.src = SDK;
      script.onload = () => resolve();
      script.onerror = () => {
        sdk = undefined;
        script.remove();
        reject(0);
      };
      document.head.append(script);
    });
    return sdk;
  }

  /** Rejects with the newest error's code when it takes too long. */
  function within(promise) {
    let timer = 0;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(lastError), PATIENCE);
    });
    const failed = (error) => Promise.reject(error?.code ?? lastError);
    return Promise.race([promise.catch(failed), late]).finally(() => clearTimeout(timer));
  }

  function make(token, carrier) {
    const options = {
      sounds: Object.fromEntries(SOUNDS.map((name) => [name, SILENCE])),
      // Engaged is told from a failure, and both from a lost network.
      enableImprovedSignalingErrorPrecision: true,
      logLevel: 5,
      RTCPeerConnection: class extends RTCPeerConnection {
        constructor(configuration) {
          super(configuration);
          connection = this;
        }
      },
    };
    if (carrier) Object.assign(options, { chunderw: carrier, publishEvents: false, codecPreferences: ["pcmu", "opus"] });
    const made = new Twilio.Device(token, options);
    const on = (event, say) => made.on(event, (detail) => made === device && say(detail));
    on("registering", () => tell("connecting"));
    on("registered", () => tell("ready"));
    on("unregistered", () => tell("offline"));
    on("error", (error) => {
      lastError = error?.code ?? 0;
      tell("error", lastError);
    });
    return made;
  }

  async function startNow(token, carrier) {
    await load(carrier);
    const began = performance.now();
    const former = device;
    lastError = 0;
    device = make(token, carrier);
    former?.destroy();
    await within(device.register());
    look();
    use();
    return performance.now() - began;
  }

  let starting = null;
  /** Connects to the carrier anew. Answers how many milliseconds that took. Two who ask at once share one line: the second would take the
   *  first one's away, which would then wait in vain. */
  function start(token, carrier) {
    starting ??= startNow(token, carrier).finally(() => {
      starting = null;
    });
    return starting;
  }

  /** A token for the time after this one's, between calls. */
  function refresh(token) {
    device?.updateToken(token);
  }

  /** Connects this browser's leg, named by `id`: an agent's `call_id`, or the `monitoring_id` of whoever listens. What becomes of it is told; an
   *  error before it rejects. */
  async function connect(name, id) {
    if (!device) throw 0;
    // The call shows the level from now on.
    stopMeter();
    connecting += 1;
    // It takes no time when nothing was chosen. A microphone that does not open holds up no call.
    await within(use()).catch(() => {});
    lastError = 0;
    let isLate = false;
    const asked = device.connect({ params: { [name]: id } });
    // Never a call minutes after the key was pressed.
    asked
      .then(
        (made) => isLate && made.disconnect(),
        () => {},
      )
      .finally(() => {
        connecting -= 1;
        release();
      });
    const made = await within(asked).catch((code) => {
      isLate = true;
      throw code;
    });
    call = made;
    connectedAs = id;
    let isAccepted = false;
    const on = (event, say) => made.on(event, (...details) => made === call && say(...details));
    on("accept", () => {
      isAccepted = true;
      clearInterval(sampling);
      sampling = setInterval(sample, 1000);
      tell("accepted");
    });
    on("mute", (isMuted) => tell("muted", isMuted ? 1 : 0));
    // Before any sound goes out.
    if (sessionStorage.getItem(MUTED) === id) made.mute(true);
    on("reconnecting", () => tell("reconnecting"));
    on("reconnected", () => tell("reconnected"));
    // Under the SDK's own names.
    on("warning", (name) => tell(name, 1));
    on("warning-cleared", (name) => tell(name, 0));
    made.on("error", (error) => {
      tell("call_error", error?.code ?? 0);
      // A call that never was says no more: without a microphone there is no “disconnect”.
      if (made === call && !isAccepted) {
        made.disconnect();
        ended();
      }
    });
    for (const end of ["disconnect", "cancel", "reject"]) on(end, ended);
    let toldAt = 0;
    on("volume", (input, output) => {
      if (performance.now() - toldAt < 200) return;
      toldAt = performance.now();
      tell("level", ...[input, output].map((volume) => Math.min(100, Math.round(volume * 150))));
    });
  }

  function ended() {
    if (!call) return;
    clearInterval(sampling);
    keys = "";
    call = null;
    connection = null;
    release();
    tell("ended");
  }

  /** Packets and sound energy since the call was accepted, both ways, as the browser itself counts them. */
  async function sample() {
    const now = { packetsIn: 0, packetsOut: 0, energyIn: 0, energyOut: 0 };
    const sampled = call;
    const stats = await connection?.getStats();
    if (!stats || sampled !== call) return;
    stats.forEach((entry) => {
      if (entry.type === "inbound-rtp") {
        now.packetsIn += entry.packetsReceived ?? 0;
        now.energyIn += entry.totalAudioEnergy ?? 0;
      }
      if (entry.type === "outbound-rtp") now.packetsOut += entry.packetsSent ?? 0;
      if (entry.type === "media-source") now.energyOut += entry.totalAudioEnergy ?? 0;
    });
    tell("sample", now.packetsIn, now.packetsOut, now.energyIn, now.energyOut);
  }

  /** The line is `id`'s from now on, and is found under that name by this page loaded anew. */
  const willBe = (id) => {
    connectedAs = id;
  };
  const disconnect = () => call?.disconnect();
  /** Also for this page loaded anew in the same call. */
  function mute(isMuted) {
    call?.mute(isMuted);
    sessionStorage.setItem(MUTED, isMuted ? connectedAs : "");
  }

  let keys = "";
  let isSending = false;
  /** One key after the other: the browser forgets those that it has not played when more come. */
  function sendDigits(digits) {
    keys += digits;
    if (!isSending) sendNext();
  }
  function sendNext() {
    const key = keys[0];
    keys = keys.slice(1);
    isSending = Boolean(call && key);
    if (!isSending) return;
    call.sendDigits(key);
    setTimeout(sendNext, KEY_TIME);
  }

  // ---- microphone and speaker --------------------------------------------------------------------------------------

  /** The browser lets a page choose where sound goes. */
  const canChooseOutput = "setSinkId" in HTMLMediaElement.prototype;
  /** Kind, id and name of each device, one after the other. */
  let found = [];
  /** Which microphone, speaker and ringtone's speaker are used, by id; nothing is the system's own. */
  let chosen = ["", "", ""];
  /** What came of asking for the microphone, since something changed. The browser may allow what the system does not. */
  let asked = UNKNOWN;

  /** What is known of the devices without asking for them. */
  async function look() {
    let known = UNKNOWN;
    try {
      const devices = await navigator.mediaDevices.enumerateDevices();
      found = devices.flatMap(({ kind, deviceId, label }) => [kind, deviceId, label]);
      tell("devices", canChooseOutput ? 1 : 0);
      const permission = await navigator.permissions.query({ name: "microphone" });
      permission.onchange = changed;
      if (!found.includes("audioinput")) known = MISSING;
      else if (permission.state === "granted") known = asked || READY;
      else if (permission.state === "denied") known = REFUSED;
    } catch {
      // A browser that cannot say is asked for the microphone itself.
    }
    // What was found when it was asked for is better than that the browser would ask.
    if (known !== UNKNOWN) tell("microphone", known);
    return known;
  }
  const changed = () => {
    asked = UNKNOWN;
    return look();
  };
  navigator.mediaDevices?.addEventListener("devicechange", changed);

  /** Uses these three; in a call at once. Which of them can be used is told. */
  function choose(/** @type {string[]} */ ...ids) {
    const isOther = ids[0] !== chosen[0];
    chosen = ids;
    if (isOther && isMetering) meterOn().catch(() => {});
    return use();
  }

  /** Has the SDK use what was chosen. It holds a microphone from when it is told until it is told otherwise, so it is told for a call only. */
  async function use() {
    const audio = device?.audio;
    if (!audio) return;
    const [microphone, ...outputs] = chosen;
    const putMicrophone = () => put(0, microphone, audio.availableInputDevices, audio.inputDevice, (id) => audio.setInputDevice(id));
    const isWanted = (call || connecting) && (microphone || audio.inputDevice);
    if (isWanted) await putMicrophone();
    const collections = audio.isOutputSelectionSupported ? [audio.speakerDevices, audio.ringtoneDevices] : [];
    for (const [index, collection] of collections.entries()) {
      const [now] = collection.get();
      await put(index + 1, outputs[index], audio.availableOutputDevices, now, (id) => collection.set(id));
    }
    if (!isWanted || !call || connecting) return;
    // Whenever something is plugged in the SDK takes the system's own again, by itself and in its own time.
    await pause(SETTLING);
    if (call && device?.audio === audio && chosen[0] === microphone) await putMicrophone();
  }

  /** Sets the device of this id, or else the system's own. */
  async function put(index, id, available, now, set) {
    const system = available.has("default") ? "default" : ([...available.keys()][0] ?? "");
    if ((id || system) === (now?.deviceId ?? system)) return;
    // The SDK keeps a list of its own: what it has asked the browser before is answered before this.
    await navigator.mediaDevices.enumerateDevices().catch(() => {});
    try {
      await set(id || system);
      tell("used", index, 1);
    } catch {
      tell("used", index, 0);
      if (id) await set(system).catch(() => {});
    }
  }

  /** Lets the microphone go when no call needs it, and with it the browser's sign that it is listened to. */
  function release() {
    setTimeout(() => {
      if (!call && !connecting) device?.audio?.unsetInputDevice().catch(() => {});
    });
  }

  /** The chosen microphone, or else the system's own. */
  async function open() {
    const ask = (audio) => navigator.mediaDevices.getUserMedia({ audio });
    const [id] = chosen;
    try {
      let isUsed = 1;
      const stream = await ask(id ? { deviceId: { exact: id } } : true).catch((error) => {
        if (!id || error.name === "NotAllowedError") throw error;
        isUsed = 0;
        return ask(true);
      });
      tell("used", 0, isUsed);
      asked = READY;
      tell("microphone", READY);
      // Now they have names, which not every browser says, and the SDK waits for that.
      if (!found[2]) navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
      return stream;
    } catch (error) {
      const why = { NotAllowedError: REFUSED, SecurityError: REFUSED, NotFoundError: MISSING }[error.name] ?? FAILED;
      asked = why;
      tell("microphone", why);
      throw why;
    }
  }

  /** Makes sure that a call may use the microphone. */
  async function allow() {
    if ((await look()) === READY) return;
    stop(await open());
  }

  /** From the square of the loudness, of 1: -60 dB is 0, 0 dB is 100. */
  const loudness = (amplitude) => Math.round(Math.min(100, Math.max(0, 100 + (100 / 60) * 20 * Math.log10(Math.max(amplitude, 1e-6)))));

  const stop = (/** @type {MediaStream} */ stream) => stream.getTracks().forEach((track) => track.stop());
  const pause = (/** @type {number} */ millis) => new Promise((resolve) => setTimeout(resolve, millis));

  let isMetering = false;
  let stopMeter = () => {};

  /** Tells how loud the microphone is ten times a second, until `meterOff`. */
  async function meterOn() {
    stopMeter();
    isMetering = true;
    let isOver = false;
    stopMeter = () => {
      isOver = true;
      isMetering = false;
    };
    const stream = await open();
    // Closed while the browser asked.
    if (isOver) return stop(stream);
    const context = new AudioContext();
    // It may begin suspended; nobody waits for it.
    context.resume();
    // Pulled out: whatever takes its place is listened to.
    for (const track of stream.getTracks()) track.onended = () => meterOn().catch(() => {});
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(wave);
      tell("level", loudness(Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length)));
    }, 100);
    stopMeter = () => {
      clearInterval(timer);
      stop(stream);
      context.close();
      stopMeter = () => {};
      isMetering = false;
      tell("level", 0);
    };
  }

  /** Where sound goes that is not a call's: into the chosen speaker. */
  async function speaker(/** @type {AudioContext} */ context) {
    const [, id] = chosen;
    if (!id) return context.destination;
    const end = context.createMediaStreamDestination();
    const audio = new Audio();
    audio.srcObject = end.stream;
    try {
      await audio.setSinkId(id);
      await audio.play();
      tell("used", 1, 1);
      return end;
    } catch {
      tell("used", 1, 0);
      return context.destination;
    }
  }

  /** Two tones, one after the other, as loud as a voice. */
  async function playSound() {
    const context = new AudioContext();
    await context.resume();
    const gain = context.createGain();
    gain.gain.value = 0.2;
    gain.connect(await speaker(context));
    [440, 660].forEach((frequency, index) => {
      const tone = context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(gain);
      tone.start(context.currentTime + index * 0.4);
      tone.stop(context.currentTime + index * 0.4 + 0.35);
    });
    await pause(900);
    await context.close();
  }

  const RINGS = "A customer is ringing";
  const RINGS_TITLE = `${RINGS} · Dialler`;

  /** Says outside the page that somebody rings: in the tab's title and icon, and in a notification where that was allowed and the page is not
   *  seen. No name: others may see it. Answers what takes the signs away again. */
  function showOutside() {
    const title = document.title;
    document.title = RINGS_TITLE;
    const icon = document.querySelector("link[rel=icon]");
    icon?.setAttribute("href", "/favicon-rings.svg");
    let notice = null;
    if (document.hidden && notifications() === "granted") {
      try {
        notice = new Notification(RINGS, { body: "Open the dialler to answer.", tag: "dialler-rings", requireInteraction: true, icon: "/favicon-rings.svg" });
        notice.onclick = () => window.focus();
      } catch {
        // Some browsers have the word and not the thing; the title says it all the same.
      }
    }
    return () => {
      // The page may have got another title meanwhile.
      if (document.title === RINGS_TITLE) document.title = title;
      icon?.setAttribute("href", "/favicon.svg");
      notice?.close();
    };
  }

  /** May this page show notifications? “granted”, “denied”, or “default” as long as nobody was asked; “denied” where there are none. */
  function notifications() {
    return "Notification" in window ? Notification.permission : "denied";
  }

  /** Asks whether this page may show them; it has to be a press that does. */
  async function askToNotify() {
    return "Notification" in window ? Notification.requestPermission() : "denied";
  }

  let stopRing = () => {};

  /** Rings, as telephones here do, into the speaker that was chosen for it; or stops. */
  async function ring(/** @type {boolean} */ isOn) {
    stopRing();
    if (!isOn) return;
    const context = new AudioContext();
    const hide = showOutside();
    stopRing = () => {
      hide();
      context.close().catch(() => {});
      stopRing = () => {};
    };
    const [, , id] = chosen;
    if (id && "setSinkId" in context) await context.setSinkId(id).then(() => tell("used", 2, 1), () => tell("used", 2, 0));
    const gain = context.createGain();
    gain.gain.value = 0;
    gain.connect(context.destination);
    for (const frequency of [400, 450]) {
      const tone = context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(gain);
      tone.start();
    }
    // A page that nobody has touched makes no sound: the screen says it all the same.
    context.resume().catch(() => {});
    // All at once: the timers of a page that is hidden run once a minute.
    for (let at = context.currentTime; at < context.currentTime + LONGEST_RING; at += 3) {
      for (const [begin, end] of [[0, 0.4], [0.6, 1]]) {
        gain.gain.setValueAtTime(0.15, at + begin);
        gain.gain.setValueAtTime(0, at + end);
      }
    }
  }

  let stopEcho = () => {};

  /** Records the microphone for a while, and plays it back; when it begins to play is told. Nothing leaves the browser. Answers how loud it
   *  was, or 0 when `echoOff` came first. */
  async function echo() {
    stopEcho();
    let isOver = false;
    const over = new Promise((resolve) => {
      stopEcho = () => {
        isOver = true;
        resolve();
      };
    });
    const stream = await open();
    const context = new AudioContext();
    try {
      const recorder = new MediaRecorder(stream);
      const recorded = new Promise((resolve) => {
        recorder.ondataavailable = ({ data }) => resolve(data.arrayBuffer());
      });
      recorder.start();
      await Promise.race([pause(ECHO_TIME), over]);
      recorder.stop();
      stop(stream);
      const data = await recorded;
      // A microphone that gives nothing at all.
      if (isOver || data.byteLength === 0) return 0;
      const sound = await context.decodeAudioData(data);
      const source = context.createBufferSource();
      source.buffer = sound;
      await context.resume();
      source.connect(await speaker(context));
      const played = new Promise((resolve) => {
        source.onended = resolve;
      });
      if (isOver) return 0;
      tell("echoing");
      source.start();
      await Promise.race([played, over]);
      return loudness(sound.getChannelData(0).reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    } finally {
      stop(stream);
      context.close();
    }
  }

  const listen = (to) => (listener = to);
  window.dialler_telephone = {
    listen, start, refresh, connect, willBe, disconnect, mute, sendDigits, look, devices: () => found, choose, allow, meterOn,
    meterOff: () => stopMeter(), playSound, echo, echoOff: () => stopEcho(), ring,
    notifications, askToNotify,
  };
})();
