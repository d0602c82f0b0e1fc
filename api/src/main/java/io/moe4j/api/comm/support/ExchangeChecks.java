package io.moe4j.api.comm.support;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.Group;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Checks of a communication backend's arguments, made before anything is launched.
 *
 * @param backend the backend's id, for messages
 * @param config the configuration that it was opened with
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ExchangeChecks(String backend, CommConfig config) {

    /** Checks that experts are divided evenly among ranks, and that rows can be counted in 32 bits. */
    public void group(Group group) {
        int ranks = group.size();
        if (config.experts() % ranks != 0) {
            throw new DeviceException(config.experts() + " experts cannot be divided among the " + ranks + " ranks of "
                    + group.name() + "; choose an expert-parallel degree that divides the number of experts");
        }
        if (config.onOverflow() == OverflowAction.ROUNDS && config.worstCaseRows(ranks) > Integer.MAX_VALUE) {
            throw new DeviceException("a rank would receive up to " + config.worstCaseRows(ranks)
                    + " rows in all rounds, but they must be below 2^31; use fewer tokens in one exchange");
        }
        if (config.capacityRows(ranks) > Integer.MAX_VALUE || config.routedRows() > Integer.MAX_VALUE) {
            throw new DeviceException("a rank would send " + config.routedRows() + " rows and receive up to "
                    + config.capacityRows(ranks) + ", but both must be below 2^31; use fewer tokens in one exchange");
        }
    }

    /**
     * Checks that the backend supports rows of the configured type on this kind of device.
     *
     * @param kind the device's {@link io.moe4j.api.device.Device#targetKind()}, which is the real kind even while a run is planned
     * @param supported the answer of {@link io.moe4j.api.comm.CommBackendProvider#supports(DeviceKind, io.moe4j.api.tensor.DType)}
     * @since 0.3.0
     */
    public void rowType(DeviceKind kind, boolean supported) {
        if (!supported) {
            throw new DeviceException(backend + " was opened for rows of " + config.rowType() + " on a device of kind "
                    + kind + ", where it carries no such rows; ask its provider's supports first, or use F32 or BF16"
                    + " rows");
        }
    }

    private void scales(Tensor x_TD) {
        if (!config.rowType().isScaled()) {
            return;
        }
        x_TD.requireScales("x_TD");
        Scales scales = x_TD.scales().orElseThrow();
        if (!scales.block().equals(List.of(1L, Scales.BLOCK)) || !scales.values().isContiguous()) {
            throw new IllegalArgumentException("x_TD is " + x_TD + "; rows travel with one scale for each piece of 1 x "
                    + Scales.BLOCK + ", and those are contiguous");
        }
    }

    /** Checks the ids of a plan. */
    public void ids(Tensor ids_TK) {
        shape("ids_TK", ids_TK, DType.I32, config.tokens(), config.topK());
    }

    /** Checks the tensors of a dispatch. */
    public void dispatch(DispatchRequest request) {
        shape("x_TD", request.x_TD(), config.rowType(), config.tokens(), config.dim());
        scales(request.x_TD());
        if (request.keepsRows() && config.keptDispatches() == 0) {
            throw new IllegalArgumentException("a dispatch that keeps its rows, but " + backend
                    + " was opened without memory for any; open it with CommConfig.withKeptDispatches");
        }
        request.weights_TK().ifPresent(weights -> shape("weights_TK", weights, DType.F32, config.tokens(),
                config.topK()));
    }

    /** Checks the tensors of a combine. */
    public void combine(CombineRequest request) {
        shape("out_TD", request.out_TD(), config.returnType(), config.tokens(), config.dim());
        request.scalars_TK().ifPresent(scalars -> shape("scalars_TK", scalars, DType.F32, config.tokens(),
                config.topK()));
        request.waiting_ND().ifPresent(
                waiting -> shape("waiting_ND", waiting, config.returnType(), config.routedRows(), config.dim()));
    }

    /**
     * Checks that a combine has the memory that several rounds need.
     *
     * @param maxRounds the backend's {@code maxRounds()}
     * @since 0.3.0
     */
    public void waiting(CombineRequest request, int maxRounds) {
        if (maxRounds > 1 && request.waiting_ND().isEmpty()) {
            throw new IllegalArgumentException("a combine without waiting_ND, but a plan of " + backend
                    + " can need up to " + maxRounds + " rounds; give a tensor for the rows of earlier rounds with"
                    + " withWaiting, or open the backend with the worst case as capacity");
        }
    }

    /**
     * The error for a plan that another backend has made, or another object of this backend's class.
     *
     * @since 0.3.0
     */
    public IllegalArgumentException foreign(DispatchPlan plan) {
        return new IllegalArgumentException("the plan, a " + plan.getClass().getName()
                + ", was made by another backend; use it with the one whose plan(...) returned it");
    }

    /**
     * The error for rows that another backend has received.
     *
     * @since 0.3.0
     */
    public IllegalArgumentException foreign(ReceivedRows rows) {
        return new IllegalArgumentException("rows were not received by " + backend + ", but are a "
                + rows.getClass().getName() + "; combine with the backend that dispatched");
    }

    /**
     * Checks that the backend is still open.
     *
     * @throws IllegalStateException if it is closed
     * @since 0.3.0
     */
    public void open(boolean closed) {
        if (closed) {
            throw new IllegalStateException(backend + " was used after it was closed; open it again, or close later");
        }
    }

    private void shape(String name, Tensor tensor, DType dtype, long... shape) {
        List<Long> wanted = LongStream.of(shape).boxed().toList();
        if (tensor.dtype() != dtype || !tensor.shape().equals(wanted) || !tensor.isContiguous()) {
            throw new IllegalArgumentException(name + " is " + tensor + "; it must be a contiguous " + dtype + wanted
                    + ", the shape that " + backend + " was opened for");
        }
    }
}
