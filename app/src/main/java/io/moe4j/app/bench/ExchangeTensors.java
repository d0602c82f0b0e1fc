package io.moe4j.app.bench;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.util.Optional;

/**
 * The tensors that a rank exchanges in a timed layer.
 *
 * @param ids_TK the experts of each token
 * @param x_TD the tokens
 * @param weights_TK the weights of the experts
 * @param out_TD the sums that come back
 * @param dweights_TK gradients of the weights, which come back too
 * @param waiting_ND the buffer in which rows of one round wait for those of later rounds; absent if there is only one round
 */
record ExchangeTensors(Tensor ids_TK, Tensor x_TD, Tensor weights_TK, Tensor out_TD, Tensor dweights_TK,
        Optional<Tensor> waiting_ND) {

    /** @param ids T x K experts */
    static ExchangeTensors of(BenchTensors tensors, BenchSetup setup, int[] ids, CommBackend comm) {
        MoeSpec moe = setup.moe();
        DType dtype = setup.dtype();
        long tokens = setup.config().training().localTokens();
        return new ExchangeTensors(tensors.of(ids, tokens, moe.topK()), tensors.random(dtype, tokens, moe.dim()),
                tensors.random(DType.F32, tokens, moe.topK()), tensors.empty(dtype, tokens, moe.dim()),
                tensors.empty(DType.F32, tokens, moe.topK()),
                comm.maxRounds() == 1 ? Optional.empty()
                        : Optional.of(tensors.empty(dtype, tokens * moe.topK(), moe.dim())));
    }

    /** A combine of these rows, whose sums go to {@link #out_TD}. */
    CombineRequest bringing(ReceivedRows rows) {
        return bringing(rows, out_TD);
    }

    /** A combine of these rows, whose sums go to {@code sums_TD}. */
    CombineRequest bringing(ReceivedRows rows, Tensor sums_TD) {
        CombineRequest request = CombineRequest.of(rows, sums_TD);
        return waiting_ND.map(request::withWaiting).orElse(request);
    }
}
