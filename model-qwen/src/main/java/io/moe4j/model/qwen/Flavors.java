package io.moe4j.model.qwen;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.layers.attention.GroupedQueryAttention;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import java.util.Collections;
import java.util.List;

/** The named sizes: 30B-A3B is Qwen3-30B-A3B as published. */
final class Flavors {
    static final List<String> NAMES = List.of("debugmodel", "30B-A3B");

    static final String BACKEND = "standard";

    private static final float EPS = 1e-6f;
    private static final double THETA = 1e6;
    private static final long MAX_SEQUENCE = 40960;

    private Flavors() {}

    static DecoderSpec of(String flavor) {
        return switch (flavor) {
            case "debugmodel" -> spec(flavor, 2048, 256, 6, attention(8, 2, 64), experts(8, 256, 3));
            case "30B-A3B" -> spec(flavor, 151936, 2048, 48, attention(32, 4, 128), experts(128, 768, 8));
            default -> throw new IllegalArgumentException("qwen3_moe has no flavor \"" + flavor + "\"; it has "
                    + String.join(", ", NAMES));
        };
    }

    private static DecoderSpec spec(String flavor, long vocabulary, long dim, int layers,
            GroupedQueryAttention attention, MixtureOfExperts experts) {
        return new DecoderSpec("qwen3_moe " + flavor, vocabulary, dim,
                Collections.nCopies(layers, new BlockSpec(attention, experts)), false, EPS, MAX_SEQUENCE, BACKEND);
    }

    private static GroupedQueryAttention attention(long heads, long keyHeads, long headDim) {
        return new GroupedQueryAttention(heads, keyHeads, true,
                new RotarySpec(Rotation.HALVES, headDim, THETA, new RotaryScaling.None()));
    }

    private static MixtureOfExperts experts(int count, long hidden, int topK) {
        return new MixtureOfExperts(count, hidden, 0, new Gate(Score.SOFTMAX, topK, 1, 1, true, 1));
    }
}
