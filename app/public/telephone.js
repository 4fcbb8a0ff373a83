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
  // A key sounds for 160 ms, and 70 ms later the next may, in milliseconds.
  const KEY_TIME = 250;
  // What is known of the microphone, as in `Microphone::from_number`.
  const [UNKNOWN, READY, REFUSED, MISSING, FAILED] = [0, 1, 2, 3, 4];

  /** @type {(what: string, a: number, b: number, c: number, d: number) => void} */
  let listener = () => {};
  const tell = (/** @type {string} */ what, a = 0, b = 0, c = 0, d = 0) => listener(what, a, b, c, d);

  /** @type {Promise<void> | undefined} */
  let sdk;
  let device = null;
  let call = null;
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

  /** Connects to the carrier anew. Answers how many milliseconds that took. */
  async function start(token, carrier) {
    await load(carrier);
    const began = performance.now();
    const former = device;
    lastError = 0;
    device = make(token, carrier);
    former?.destroy();
    await within(device.register());
    look();
    return performance.now() - began;
  }

  /** A token for the time after this one's, between calls. */
  function refresh(token) {
    device?.updateToken(token);
  }

  /** Connects this browser's leg, named by `id`: an agent's `call_id`, or the `monitoring_id` of whoever listens. What becomes of it is told; an
   *  error before it rejects. */
  async function connect(name, id) {
    if (!device) throw 0;
    lastError = 0;
    let isLate = false;
    const asked = device.connect({ params: { [name]: id } });
    // Never a call minutes after the key was pressed.
    asked.then(
      (made) => isLate && made.disconnect(),
      () => {},
    );
    const made = await within(asked).catch((code) => {
      isLate = true;
      throw code;
    });
    call = made;
    let isAccepted = false;
    const on = (event, say) => made.on(event, (...details) => made === call && say(...details));
    on("accept", () => {
      isAccepted = true;
      clearInterval(sampling);
      sampling = setInterval(sample, 1000);
      tell("accepted");
    });
    on("mute", (isMuted) => tell("muted", isMuted ? 1 : 0));
    on("reconnecting", () => tell("reconnecting"));
    on("reconnected", () => tell("reconnected"));
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
    on("volume", (input) => {
      if (performance.now() - toldAt < 200) return;
      toldAt = performance.now();
      tell("level", Math.min(100, Math.round(input * 150)));
    });
  }

  function ended() {
    if (!call) return;
    clearInterval(sampling);
    keys = "";
    call = null;
    connection = null;
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

  const disconnect = () => call?.disconnect();
  const mute = (isMuted) => call?.mute(isMuted);

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

  /** What is known of the microphone without asking for it. */
  async function look() {
    let known = UNKNOWN;
    try {
      const permission = await navigator.permissions.query({ name: "microphone" });
      permission.onchange = look;
      const devices = await navigator.mediaDevices.enumerateDevices();
      if (!devices.some((device) => device.kind === "audioinput")) known = MISSING;
      else if (permission.state === "granted") known = READY;
      else if (permission.state === "denied") known = REFUSED;
    } catch {
      // A browser that cannot say is asked for the microphone itself.
    }
    // What was found when it was asked for is better than that the browser would ask.
    if (known !== UNKNOWN) tell("microphone", known);
    return known;
  }
  navigator.mediaDevices?.addEventListener("devicechange", look);

  async function open() {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      tell("microphone", READY);
      return stream;
    } catch (error) {
      const why = { NotAllowedError: REFUSED, SecurityError: REFUSED, NotFoundError: MISSING }[error.name] ?? FAILED;
      tell("microphone", why);
      throw why;
    }
  }

  /** Makes sure that a call may use the microphone. */
  async function allow() {
    if ((await look()) === READY) return;
    for (const track of (await open()).getTracks()) track.stop();
  }

  /** From the square of the loudness, of 1: -60 dB is 0, 0 dB is 100. */
  const loudness = (amplitude) => Math.round(Math.min(100, Math.max(0, 100 + (100 / 60) * 20 * Math.log10(Math.max(amplitude, 1e-6)))));

  let stopMeter = () => {};

  /** Tells how loud the microphone is ten times a second, until `meterOff`. */
  async function meterOn() {
    stopMeter();
    let isOver = false;
    stopMeter = () => (isOver = true);
    const stream = await open();
    const context = new AudioContext();
    // It may begin suspended; nobody waits for it.
    context.resume();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(wave);
      tell("level", loudness(Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length)));
    }, 100);
    stopMeter = () => {
      clearInterval(timer);
      for (const track of stream.getTracks()) track.stop();
      context.close();
      stopMeter = () => {};
      tell("level", 0);
    };
    // Closed while the browser asked.
    if (isOver) stopMeter();
  }

  /** Two tones, one after the other, as loud as a voice. */
  async function playSound() {
    const context = new AudioContext();
    await context.resume();
    const gain = context.createGain();
    gain.gain.value = 0.2;
    gain.connect(context.destination);
    [440, 660].forEach((frequency, index) => {
      const tone = context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(gain);
      tone.start(context.currentTime + index * 0.4);
      tone.stop(context.currentTime + index * 0.4 + 0.35);
    });
    await new Promise((resolve) => setTimeout(resolve, 900));
    await context.close();
  }

  const listen = (to) => (listener = to);
  window.dialler_telephone = {
    listen, start, refresh, connect, disconnect, mute, sendDigits, look, allow, meterOn, meterOff: () => stopMeter(), playSound,
  };
})();
