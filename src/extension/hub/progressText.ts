import type { DownloadProgress } from '../../protocol/engine/models.ts';
import { bytes, duration } from '../../text/numbers.ts';

/** `model.safetensors · 120.0 MB of 269.1 MB · 12.3 MB/s · 12 s left`. */
export function progressText(progress: DownloadProgress): string {
  const { file, done, total, bytesPerSecond, secondsLeft } = progress;
  const parts = [file, `${bytes(done)} of ${bytes(total)}`];
  if (bytesPerSecond > 0) parts.push(`${bytes(bytesPerSecond)}/s`);
  if (secondsLeft !== undefined) parts.push(`${duration(secondsLeft)} left`);
  return parts.join(' · ');
}
