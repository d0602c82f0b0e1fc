package io.moe4j.api.device;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.WidenedMatmul;
import java.util.Map;

/**
 * Memory that a device needs in addition to the tensors that it is given. Callers allocate the scratch of operations from their scope and pass it in. The
 * device itself allocates the bytes by purpose; plans count them.
 *
 * @since 0.1.0
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

    /**
     * Memory in which {@code AttentionOps.forward} may store scores for its gradient; see {@code AttentionOps.Forward.withScores}. Callers provide it if the
     * gradient follows soon after forward, and otherwise do without. 0 if the device does not use such memory. Depends on the shape only. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default long attentionScores(AttentionShape shape) {
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

    /**
     * Scratch of {@code DeviceOps.mixedMatmul}; a device that overrides one overrides both. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default long mixedMatmul(Matmul product) {
        return WidenedMatmul.bytes(product);
    }

    /** Bytes by purpose that the device allocates internally for a stream that computes. */
    default Map<String, Long> streamMemory() {
        return Map.of();
    }

    /** Bytes by purpose that the device allocates internally for a rank that joins a peer group of {@code ranks}. */
    default Map<String, Long> peerGroupMemory(int ranks) {
        return Map.of();
    }

    /** Bytes by purpose that the device allocates internally for each symmetric memory of such a group, beside the rank's part of that memory. */
    default Map<String, Long> symmetricMemory(int ranks) {
        return Map.of();
    }
}
