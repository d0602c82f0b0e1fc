package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.tensor.DType;
import java.util.Optional;

/**
 * Routing to experts, and receive buffers.
 *
 * @param receiveCapacity rows that a rank can receive: {@code "worst_case"}, {@code "balanced"}, or a factor of the balanced load, above 0
 * @param onOverflow what happens with rows beyond the capacity: {@code rounds}, {@code fail} or {@code drop}; if empty ({@code auto}),
 *     {@link #overflowAction} decides
 * @param dedup whether a row for several experts of one rank is sent there only once: {@code auto}, {@code on} or {@code off}
 * @param dispatchDtype element type of the rows that are sent to experts, if it is not {@code training.dtype}: {@code float8}; since 0.3.0
 * @param forceLoadBalance whether routing is round-robin instead of learnt, for benchmarks
 * @param loadBalanceCoeff how much an expert's bias moves in a step, at least 0
 * @param sequenceBalanceCoeff factor of the sequence-wise balance loss, at least 0; since 0.3.0
 * @param routerZCoeff factor of the router's z-loss, at least 0; since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record MoeConfig(ReceiveCapacity receiveCapacity, Optional<OverflowAction> onOverflow, Dedup dedup,
        Optional<DType> dispatchDtype, boolean forceLoadBalance, double loadBalanceCoeff, double sequenceBalanceCoeff,
        double routerZCoeff) {

    /** With another value of {@code receiveCapacity}. */
    public MoeConfig withReceiveCapacity(ReceiveCapacity value) {
        return Components.with(this, "receiveCapacity", value);
    }

    /** With another value of {@code onOverflow}; empty for what suits the capacity. */
    public MoeConfig withOnOverflow(Optional<OverflowAction> value) {
        return Components.with(this, "onOverflow", value);
    }

    /** With another value of {@code onOverflow}. */
    public MoeConfig withOnOverflow(OverflowAction value) {
        return Components.with(this, "onOverflow", Optional.of(value));
    }

    /**
     * What happens to rows beyond the capacity. Unless the configuration decides, a backend that supports rounds exchanges them in rounds, and the step fails
     * with other backends. No rounds are prepared if nothing can overflow: with the worst-case capacity, or with the balanced capacity and forced round-robin
     * routing.
     *
     * @param supportsRounds whether the backend supports rounds
     * @since 0.3.0
     */
    public OverflowAction overflowAction(boolean supportsRounds) {
        boolean overflows = switch (receiveCapacity) {
            case ReceiveCapacity.WorstCase() -> false;
            case ReceiveCapacity.Balanced() -> !forceLoadBalance;
            case ReceiveCapacity.Factor factor -> true;
        };
        return onOverflow.orElse(supportsRounds && overflows ? OverflowAction.ROUNDS : OverflowAction.FAIL);
    }

    /** With another value of {@code dedup}. */
    public MoeConfig withDedup(Dedup value) {
        return Components.with(this, "dedup", value);
    }

    /** With another value of {@code dispatchDtype}; empty for {@code training.dtype}. */
    public MoeConfig withDispatchDtype(Optional<DType> value) {
        return Components.with(this, "dispatchDtype", value);
    }

    /** With another value of {@code forceLoadBalance}. */
    public MoeConfig withForceLoadBalance(boolean value) {
        return Components.with(this, "forceLoadBalance", value);
    }

    /** With another value of {@code loadBalanceCoeff}. */
    public MoeConfig withLoadBalanceCoeff(double value) {
        return Components.with(this, "loadBalanceCoeff", value);
    }

    /** With another value of {@code sequenceBalanceCoeff}. */
    public MoeConfig withSequenceBalanceCoeff(double value) {
        return Components.with(this, "sequenceBalanceCoeff", value);
    }

    /** With another value of {@code routerZCoeff}. */
    public MoeConfig withRouterZCoeff(double value) {
        return Components.with(this, "routerZCoeff", value);
    }
}
