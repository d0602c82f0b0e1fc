package io.moe4j.layers.decoder;

import io.moe4j.api.Stability;
import io.moe4j.layers.block.AttentionSpec;
import io.moe4j.layers.block.FeedForwardSpec;

/**
 * One block of a decoder, before it is opened.
 *
 * @param attention its first layer
 * @param feedForward its second layer
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record BlockSpec(AttentionSpec attention, FeedForwardSpec feedForward) {}
