package io.moe4j.model.deepseek;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import java.util.List;
import java.util.Optional;

/** The sizes that are known by name. */
final class Flavors {
    static final List<String> NAMES = List.of("debugmodel", "16B_4layers", "16B", "236B", "671B");

    private static final String BACKEND = "standard";
    private static final float EPS = 1e-5f;

    private Flavors() {}

    static DeepSeekV3Spec of(String flavor) {
        Gate small = new Gate(Score.SOFTMAX, 6, 1, 1, false, 1);
        return switch (flavor) {
            case "debugmodel" -> spec(flavor, 2048, 256, 6, 1, attention(16, new QueryProjection.Direct(), 0.70), 1024,
                    new FeedForward.MixtureOfExperts(8, 256, 2, new Gate(Score.SOFTMAX, 3, 1, 1, false, 1)));
            case "16B" -> spec(flavor, 102400, 2048, 27, 1, attention(16, new QueryProjection.Direct(), 0.70), 10944,
                    new FeedForward.MixtureOfExperts(64, 1408, 2, small));
            // The 16B model's widths in a model that is small enough to be timed beside another framework's on one GPU.
            case "16B_4layers" -> spec(flavor, 102400, 2048, 4, 1, attention(16, new QueryProjection.Direct(), 0.70),
                    10944, new FeedForward.MixtureOfExperts(64, 1408, 2, small));
            case "236B" -> spec(flavor, 102400, 5120, 60, 1, attention(128, new QueryProjection.LowRank(1536), 1.0),
                    12288, new FeedForward.MixtureOfExperts(160, 1536, 2, new Gate(Score.SOFTMAX, 6, 8, 3, false, 16)));
            case "671B" -> spec(flavor, 129280, 7168, 61, 3, attention(128, new QueryProjection.LowRank(1536), 1.0),
                    18432, new FeedForward.MixtureOfExperts(256, 2048, 1,
                            new Gate(Score.SIGMOID, 8, 8, 4, true, 2.5f)));
            default -> throw new IllegalArgumentException("deepseek_v3 has no flavor \"" + flavor + "\"; it has "
                    + String.join(", ", NAMES));
        };
    }

    private static AttentionSpec attention(long heads, QueryProjection query, double mscale) {
        return new AttentionSpec(heads, query, 512, 128, 64, 128, 10000,
                new RotaryScaling.Yarn(40, 4096, 32, 1, mscale));
    }

    private static DeepSeekV3Spec spec(String flavor, long vocabulary, long dim, int layers, int denseLayers,
            AttentionSpec attention, long hidden, FeedForward.MixtureOfExperts experts) {
        return new DeepSeekV3Spec("deepseek_v3 " + flavor, vocabulary, dim, layers, denseLayers, attention,
                new FeedForward.Dense(hidden), Optional.of(experts), EPS, 40 * 4096, BACKEND);
    }
}
