package io.moe4j.layers.decoder;

import io.moe4j.api.Stability;
import io.moe4j.layers.block.AttentionSpec;
import io.moe4j.layers.block.FeedForwardSpec;
import io.moe4j.layers.unit.AdapterTargets;
import java.util.stream.Stream;

/**
 * One block of a decoder, before it is opened.
 *
 * @param attention its first layer
 * @param feedForward its second layer
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record BlockSpec(AttentionSpec attention, FeedForwardSpec feedForward) {

    /** The matrices of which low-rank updates can be trained. */
    Stream<AdapterTargets.Matrix> matrices(long dim) {
        return Stream.concat(attention.adapterMatrices(dim).stream(), feedForward.adapterMatrices(dim).stream());
    }
}
