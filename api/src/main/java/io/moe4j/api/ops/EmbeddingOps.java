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
     * dtable[v] = (accumulate ? dtable[v] : 0) + Σ over t with ids[t] = v of dout[t]; dtable is F32. The order of the sum depends on the ids alone,
     * so that equal calls give equal bits; for a row v with up to 32 tokens it is the order of t.
     */
    void backward(Stream stream, Tensor ids_T, Tensor dout_TD, Tensor dtable_VD, boolean accumulate,
            Optional<Tensor> workspace);
}
