package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Table look-up.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface EmbeddingOps {

    /** out[t] = table[ids[t]]; ids are I32 in [0, V). */
    void forward(Stream stream, Tensor ids_T, Tensor table_VD, Tensor out_TD);

    /**
     * dtable[v] = (accumulate ? dtable[v] : 0) + Σ over t with ids[t] = v of dout[t]; dtable is F32. The order of the sum depends on the ids only,
     * so that equal calls give equal bits; for a row v with up to 32 tokens it is the order of t.
     */
    void backward(Stream stream, Tensor ids_T, Tensor dout_TD, Tensor dtable_VD, boolean accumulate,
            Optional<Tensor> workspace);

    /**
     * Whether the device has {@link #backwardRows}. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default boolean hasBackwardRows() {
        return false;
    }

    /**
     * Adds the gradient of the n rows of a table from row {@code first} on: dtable[v - first] += Σ over t with ids[t] = v of dout[t]. Tokens with other ids
     * are ignored. The sum is computed as in {@link #backward}, and then added. Since SPI 1.4.
     *
     * @param first at least 0
     * @param dtable_nD F32
     * @param workspace as for {@link #backward}, with n as the size of the vocabulary
     * @throws UnsupportedOperationException if the device has no such operation
     * @since 0.3.0
     */
    default void backwardRows(Stream stream, Tensor ids_T, Tensor dout_TD, long first, Tensor dtable_nD,
            Optional<Tensor> workspace) {
        throw new UnsupportedOperationException("this device has no gradient of some rows of an embedding; it was built"
                + " against an SPI older than 1.4, or leaves it out: ask hasBackwardRows() first");
    }
}
