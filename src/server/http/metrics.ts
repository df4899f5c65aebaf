/** What is counted, as Prometheus reads it. */
export interface Metrics {
  add(name: MetricName, labels: Record<string, string | number>, by?: number): void;
  text(): string;
}

/** Counters only grow; gauges go up and down. */
const metrics = {
  requests_total: ['counter', 'Requests by endpoint, status and model.'],
  requests_cancelled_total: ['counter', 'Requests that their client gave up.'],
  requests_running: ['gauge', 'Requests whose answers are being written.'],
  requests_waiting: ['gauge', 'Requests that wait for their first token.'],
  prompt_tokens_total: ['counter', 'Tokens of prompts.'],
  cached_tokens_total: ['counter', 'Tokens of prompts that were in the prefix cache.'],
  completion_tokens_total: ['counter', 'Tokens of answers.'],
  wait_seconds_total: ['counter', 'Time until the engine took requests up.'],
  prefill_seconds_total: ['counter', 'Time in which prompts were read.'],
  decode_seconds_total: ['counter', 'Time in which answers were written.'],
} as const;
type MetricName = keyof typeof metrics;

export function createMetrics(): Metrics {
  const names = Object.keys(metrics) as MetricName[];
  const values = new Map(names.map(name => [name, new Map<string, number>()]));
  for (const name of ['requests_running', 'requests_waiting'] as const) values.get(name)!.set('', 0);
  return {
    add(name, labels, by = 1) {
      const series = values.get(name)!;
      const key = labelsText(labels);
      series.set(key, (series.get(key) ?? 0) + by);
    },
    text() {
      const lines = names.flatMap(name => {
        const [kind, help] = metrics[name];
        const full = `multi_lora_${name}`;
        const series = [...values.get(name)!].map(([labels, value]) => `${full}${labels} ${value}`);
        return [`# HELP ${full} ${help}`, `# TYPE ${full} ${kind}`, ...series];
      });
      return `${lines.join('\n')}\n`;
    },
  };
}

function labelsText(labels: Record<string, string | number>): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return '';
  const escaped = (value: string | number) =>
    String(value).replace(/[\\"\n]/g, character => (character === '\n' ? '\\n' : `\\${character}`));
  return `{${entries.map(([name, value]) => `${name}="${escaped(value)}"`).join(',')}}`;
}
