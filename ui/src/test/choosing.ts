/// The part of the stand-in that suggests a channel.
import type { ContenderView } from '$lib/api/contract';
import { money } from './fake';

export const contender = (channel: string, fee: number): ContenderView => ({
  channel,
  against: null,
  limit: null,
  doing: 'well',
  fee: money(fee),
  median_ms: 8_500,
  measured: 24,
});
