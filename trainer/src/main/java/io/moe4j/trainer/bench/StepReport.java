package io.moe4j.trainer.bench;

import io.moe4j.api.Stability;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a {@link StepBench} has found. */
@Stability(Stability.Level.EVOLVING)
public final class StepReport {
    private final TrainerConfig config;
    private final String device;
    private final int threads;
    private final Samples samples;
    private final double flops;

    /** @param flops of forward and backward on all ranks, recompute not counted */
    StepReport(TrainerConfig config, String device, int threads, Samples samples, double flops) {
        this.config = config;
        this.device = device;
        this.threads = threads;
        this.samples = samples;
        this.flops = flops;
    }

    /** The middle one of the times, in seconds. */
    public double medianSeconds() {
        return samples.median();
    }

    /** For machines: times in seconds, rates a second. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("benchmark", "step");
        json.put("median_s", samples.median());
        json.put("min_s", samples.min());
        json.put("all_s", samples.seconds());
        json.put("tokens", config.tokensPerStep());
        json.put("tokens_per_second", config.tokensPerStep() / samples.median());
        json.put("flops", flops);
        json.put("flops_per_second", flops / samples.median());
        json.put("device", device);
        json.put("threads", threads);
        json.put("ranks", config.ranks());
        json.put("flavor", config.model().flavor());
        json.put("dtype", config.training().dtype().name().toLowerCase(Locale.ROOT));
        json.put("recompute", config.activationCheckpoint().mode());
        json.put("captured", config.graphCapture().enable());
        return json;
    }

    /** For people. */
    public String text() {
        return String.format(Locale.ROOT,
                "forward + backward of %s, %d ranks, %d tokens, %s: median %.4f s, least %.4f s, %,.0f tokens/s, %.1f GFLOP/s%n",
                config.model().flavor(), config.ranks(), config.tokensPerStep(), device, samples.median(),
                samples.min(), config.tokensPerStep() / samples.median(), flops / samples.median() / 1e9);
    }
}
