package io.moe4j.trainer.bench;

import io.moe4j.api.Stability;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a {@link MoeBench} has found. */
@Stability(Stability.Level.EVOLVING)
public final class MoeReport {
    private final TrainerConfig config;
    private final MoeSpec moe;
    private final String device;
    private final int threads;
    private final MachineRates rates;
    private final Map<MoePart, Samples> parts;

    MoeReport(TrainerConfig config, MoeSpec moe, String device, int threads, MachineRates rates,
            Map<MoePart, Samples> parts) {
        this.config = config;
        this.moe = moe;
        this.device = device;
        this.threads = threads;
        this.rates = rates;
        this.parts = new LinkedHashMap<>(parts);
    }

    /**
     * How much longer SwiGLU takes over the whole capacity than over buffers that its rows fill; 1 if the padding costs nothing. Of least times: what the
     * work takes when nothing disturbs it.
     */
    public double swigluPaddingRatio() {
        return least(MoeParts.SWIGLU_AGAIN) / least(MoeParts.SWIGLU_EXACT);
    }

    private double least(String name) {
        return parts.entrySet().stream().filter(entry -> entry.getKey().name().equals(name)).findFirst().orElseThrow()
                .getValue().min();
    }

    /** Of all parts, those aside that are there for comparison. */
    private double total() {
        return parts.entrySet().stream()
                .filter(entry -> !List.of(MoeParts.SWIGLU_EXACT, MoeParts.SWIGLU_AGAIN).contains(entry.getKey().name()))
                .mapToDouble(entry -> entry.getValue().median()).sum();
    }

    /** For machines: seconds, bytes, operations, the floor by this device's own rates, and how many times that it took. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("benchmark", "moe");
        json.put("device", device);
        json.put("threads", threads);
        json.put("flavor", config.model().flavor());
        json.put("comm_backend", config.model().moeCommBackend());
        json.put("expert_kernels", config.model().expertKernels());
        json.put("dtype", config.training().dtype().name().toLowerCase(Locale.ROOT));
        json.put("ranks", config.ranks());
        json.put("tokens_per_rank", config.training().localTokens());
        json.put("dim", moe.dim());
        json.put("expert_hidden", moe.expertHidden());
        json.put("experts", moe.experts());
        json.put("top_k", moe.topK());
        json.put("copy_bytes_per_second", rates.copyBytesPerSecond());
        json.put("matmul_flops_per_second", rates.matmulFlopsPerSecond());
        json.put("median_s", total());
        json.put("swiglu_padding_ratio", swigluPaddingRatio());
        List<Map<String, Object>> all = new ArrayList<>();
        parts.forEach((part, samples) -> all.add(json(part, samples)));
        json.put("parts", all);
        return json;
    }

    private Map<String, Object> json(MoePart part, Samples samples) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("part", part.name());
        json.put("median_s", samples.median());
        json.put("min_s", samples.min());
        json.put("bytes", part.bytes());
        json.put("flops", part.flops());
        json.put("floor_s", part.floor(rates));
        json.put("ratio", samples.median() / part.floor(rates));
        return json;
    }

    /** For people. */
    public String text() {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT,
                "one MoE layer of %s on %s: %d ranks of %d tokens, %s, %s%n"
                        + "copy %.1f GB/s, product %.1f GFLOP/s%n%-26s %10s %10s %9s %9s %7s%n",
                config.model().flavor(), device, config.ranks(), config.training().localTokens(),
                config.model().moeCommBackend(), config.training().dtype(), rates.copyBytesPerSecond() / 1e9,
                rates.matmulFlopsPerSecond() / 1e9, "part", "median us", "floor us", "GB/s", "GFLOP/s", "ratio"));
        parts.forEach((part, samples) -> text.append(String.format(Locale.ROOT,
                "%-26s %10.1f %10.1f %9.1f %9.1f %7.2f%n", part.name(), samples.median() * 1e6,
                part.floor(rates) * 1e6, part.bytes() / samples.median() / 1e9, part.flops() / samples.median() / 1e9,
                samples.median() / part.floor(rates))));
        return text.append(String.format(Locale.ROOT,
                "all parts %.3f ms; SwiGLU over the capacity takes %.2f times as long as over its rows alone%n",
                total() * 1e3, swigluPaddingRatio())).toString();
    }
}
