package io.moe4j.model.deepseek;

import io.moe4j.layers.attention.LatentAttention;
import io.moe4j.layers.attention.QueryProjection;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling.Yarn;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import java.util.ArrayList;
import java.util.List;

/** The constants that all published DeepSeek-V2 and V3 models share, and the order of their blocks. */
final class Published {
    /** Epsilon of the norms of queries' and keys' latents; no published {@code config.json} has a key for it. */
    static final float LATENT_EPS = 1e-6f;

    static final String BACKEND = "standard";

    private static final float EPS = 1e-6f;
    private static final double FACTOR = 40;
    private static final long LENGTH = 4096;

    private Published() {}

    /** Attention with the published head dimensions, latent, and YaRN. */
    static LatentAttention attention(long heads, QueryProjection query, double mscale) {
        Yarn yarn = new Yarn(FACTOR, LENGTH, 32, 1, true, 1);
        return new LatentAttention(heads, query, 512, 128, 128, new RotarySpec(Rotation.PAIRS, 64, 10000, yarn),
                Yarn.temperature(FACTOR, mscale), LATENT_EPS);
    }

    static DecoderSpec decoder(String flavor, long vocabulary, long dim, List<BlockSpec> blocks) {
        return new DecoderSpec("deepseek_v3 " + flavor, vocabulary, dim, blocks, false, EPS,
                Math.round(FACTOR * LENGTH), BACKEND);
    }

    /** Blocks that differ only in their second layer: {@code denseLayers} dense ones, then those with experts. */
    static List<BlockSpec> blocks(int layers, int denseLayers, LatentAttention attention, long denseHidden,
            MixtureOfExperts experts) {
        BlockSpec dense = new BlockSpec(attention, new DenseFeedForward(denseHidden));
        BlockSpec routed = new BlockSpec(attention, experts);
        List<BlockSpec> blocks = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            blocks.add(layer < denseLayers ? dense : routed);
        }
        return blocks;
    }
}
