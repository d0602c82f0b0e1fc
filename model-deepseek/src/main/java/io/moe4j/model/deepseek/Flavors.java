package io.moe4j.model.deepseek;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.layers.attention.LatentAttention;
import io.moe4j.layers.attention.QueryProjection;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import java.util.List;

/** The named sizes: 16B is DeepSeek-V2-Lite, 236B is DeepSeek-V2, 671B is DeepSeek-V3. */
final class Flavors {
    static final List<String> NAMES = List.of("debugmodel", "16B_4layers", "16B", "236B", "671B");

    private static final double V2_MSCALE = 0.707;
    private static final double V3_MSCALE = 1;

    private Flavors() {}

    static DecoderSpec of(String flavor) {
        return switch (flavor) {
            case "debugmodel" -> Published.decoder(flavor, 2048, 256, Published.blocks(6, 1, lite(), 1024,
                    new MixtureOfExperts(8, 256, 2, greedy(3))));
            case "16B" -> lite(flavor, 27);
            // The widths of the 16B model with 4 layers: small enough to compare its speed with other frameworks on one GPU.
            case "16B_4layers" -> lite(flavor, 4);
            case "236B" -> Published.decoder(flavor, 102400, 5120, Published.blocks(60, 1, large(V2_MSCALE), 12288,
                    new MixtureOfExperts(160, 1536, 2,
                            new Gate(Score.SOFTMAX, 6, 8, 3, false, 16, GroupValue.LARGEST))));
            case "671B" -> Published.decoder(flavor, 129280, 7168, Published.blocks(61, 3, large(V3_MSCALE), 18432,
                    new MixtureOfExperts(256, 2048, 1,
                            new Gate(Score.SIGMOID, 8, 8, 4, true, 2.5f, GroupValue.TOP_TWO))));
            default -> throw new IllegalArgumentException("deepseek_v3 has no flavor \"" + flavor + "\"; it has "
                    + String.join(", ", NAMES));
        };
    }

    private static DecoderSpec lite(String flavor, int layers) {
        return Published.decoder(flavor, 102400, 2048, Published.blocks(layers, 1, lite(), 10944,
                new MixtureOfExperts(64, 1408, 2, greedy(6))));
    }

    private static LatentAttention lite() {
        return Published.attention(16, new QueryProjection.Direct(), V2_MSCALE);
    }

    private static LatentAttention large(double mscale) {
        return Published.attention(128, new QueryProjection.LowRank(1536), mscale);
    }

    /** Selects the best of all experts, weighted by their unchanged scores. */
    private static Gate greedy(int topK) {
        return new Gate(Score.SOFTMAX, topK, 1, 1, false, 1);
    }
}
