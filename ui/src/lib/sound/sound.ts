/// Short tones, made here so that no file has to be fetched. Never the only signal.
import type { Sound } from '$lib/api/contract';

export type Tone = 'scan' | 'paid' | 'failed' | 'unknown';

interface Note {
  hertz: number;
  at: number;
  seconds: number;
}

/// All within 600 ms.
const NOTES: Record<Tone, Note[]> = {
  scan: [{ hertz: 1320, at: 0, seconds: 0.05 }],
  paid: [
    { hertz: 660, at: 0, seconds: 0.16 },
    { hertz: 990, at: 0.17, seconds: 0.3 },
  ],
  failed: [{ hertz: 196, at: 0, seconds: 0.42 }],
  unknown: [
    { hertz: 440, at: 0, seconds: 0.16 },
    { hertz: 440, at: 0.26, seconds: 0.16 },
  ],
};

let context: AudioContext | null = null;

/// Opens the way to the loudspeaker. It takes a tenth of a second or two, which the first scan of the
/// day should not have to wait for.
export function prepareSound(): void {
  try {
    context ??= new AudioContext();
  } catch {
    // A machine without sound.
  }
}

export function play(tone: Tone, sound: Sound): void {
  if (sound.muted || sound.volume === 0) return;
  try {
    context ??= new AudioContext();
    const audio = context;
    if (audio.state === 'suspended') void audio.resume();
    for (const note of NOTES[tone]) {
      const start = audio.currentTime + note.at;
      const gain = audio.createGain();
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime((sound.volume / 100) * 0.3, start + 0.01);
      gain.gain.linearRampToValueAtTime(0, start + note.seconds);
      const oscillator = audio.createOscillator();
      oscillator.frequency.value = note.hertz;
      oscillator.connect(gain).connect(audio.destination);
      oscillator.start(start);
      oscillator.stop(start + note.seconds);
    }
  } catch {
    // A machine without sound; words and colour say the same.
  }
}
