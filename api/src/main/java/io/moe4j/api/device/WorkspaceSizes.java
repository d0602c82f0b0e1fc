package io.moe4j.api.device;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import java.util.Map;

/**
 * What a device needs beside the tensors that it is given: scratch bytes of its operations, which callers allocate from their scope and pass in; and
 * bytes by purpose that the device allocates by itself, which plans count.
 */
@Stability(Stability.Level.EVOLVING)
public interface WorkspaceSizes {

    /** Scratch of {@code AttentionOps.forward}. */
    default long attentionForward(AttentionShape shape) {
        return 0;
    }

    /** Scratch of {@code AttentionOps.backward}. */
    default long attentionBackward(AttentionShape shape) {
        return 0;
    }

    /** Scratch of {@code NormOps.backward} for T rows of D elements. */
    default long rmsNormBackward(long rows, long dim) {
        return 0;
    }

    /** Scratch of {@code EmbeddingOps.backward} for T tokens and a table of V rows. */
    default long embeddingBackward(long tokens, long vocabulary) {
        return 0;
    }

    /** Scratch of {@code OptimizerOps.sumOfSquares} for n elements. */
    default long sumOfSquares(long elements) {
        return 0;
    }

    /** What the device allocates by itself for a stream that computes. */
    default Map<String, Long> streamMemory() {
        return Map.of();
    }

    /** What the device allocates by itself for a rank that joins a peer group of {@code ranks}. */
    default Map<String, Long> peerGroupMemory(int ranks) {
        return Map.of();
    }

    /** What the device allocates by itself beside a rank's part of each symmetric memory of such a group. */
    default Map<String, Long> symmetricMemory(int ranks) {
        return Map.of();
    }
}
