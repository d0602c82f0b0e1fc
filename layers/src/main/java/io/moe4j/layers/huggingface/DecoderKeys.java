package io.moe4j.layers.huggingface;

import io.moe4j.api.Stability;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import java.util.List;

/**
 * The keys of a decoder that belong to none of its blocks. Values may be wrong until {@link ConfigReader#refuse} has returned without an exception.
 *
 * @param vocabulary {@code vocab_size}
 * @param dim {@code hidden_size}
 * @param tied {@code tie_word_embeddings}
 * @param eps {@code rms_norm_eps}
 * @param maxSequence {@code max_position_embeddings}
 * @param predictionDepth see {@link ConfigReader#predictionDepth}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record DecoderKeys(long vocabulary, long dim, boolean tied, double eps, long maxSequence, int predictionDepth) {

    /** Reads them. */
    public static DecoderKeys of(ConfigReader keys) {
        return new DecoderKeys(keys.count("vocab_size", 1), keys.count("hidden_size", 1),
                keys.flag("tie_word_embeddings", false), keys.positive("rms_norm_eps", 1e-6),
                keys.count("max_position_embeddings", 1), keys.predictionDepth());
    }

    /**
     * The decoder with these blocks. Call it after {@link ConfigReader#refuse}.
     *
     * @param name for people
     * @param commBackend id of the expert-parallel communication backend
     */
    public DecoderSpec spec(String name, List<BlockSpec> blocks, String commBackend) {
        return new DecoderSpec(name, vocabulary, dim, blocks, tied, (float) eps, maxSequence, predictionDepth,
                commBackend);
    }
}
