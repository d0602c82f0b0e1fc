package io.moe4j.trainer.session;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.support.ForwardingCommBackend;
import io.moe4j.api.comm.support.ForwardingCommBackendProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.trainer.plugins.Opening;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Wraps a communication backend for plans, and counts the bytes that its exchanges would send to other ranks under even routing. */
final class CountedExchange extends ForwardingCommBackendProvider {
    private final CommBackendProvider provider;
    private final EvenRows even;
    private @Nullable Counted opened;

    /** @param even is set to the current round */
    CountedExchange(CommBackendProvider provider, EvenRows even) {
        super(provider);
        this.provider = provider;
        this.even = even;
    }

    /** The bytes that were counted, with those that the collectives sent. */
    StepTraffic traffic(long allGather, long reduceScatter, long allReduce) {
        Counted counted = opened;
        return counted == null ? new StepTraffic(allGather, reduceScatter, allReduce, 0, 0, 0, 0, 0)
                : new StepTraffic(allGather, reduceScatter, allReduce, counted.dispatch, counted.combine,
                        counted.combineAdjoint, counted.dispatchAdjoint, counted.counts);
    }

    long capacityRows() {
        return opened == null ? 0 : opened.capacityRows();
    }

    int maxRounds() {
        return opened == null ? 1 : opened.maxRounds();
    }

    @Override
    public String id() {
        return provider.id();
    }

    @Override
    public String spiVersion() {
        return provider.spiVersion();
    }

    @Override
    protected CommBackend wrap(CommBackend backend, CommConfig config, CommContext context) {
        SentRows rows = SentRows.of(config, context.group().size(), provider,
                context.rank().device().targetKind());
        opened = new Counted(new AnsweredExchange(provider, Opening.of(provider, () -> backend)), config, rows, even,
                context.rank().device());
        return opened;
    }

    private static final class Counted extends ForwardingCommBackend {
        private final CommConfig config;
        private final int ranks;
        private final SentRows rows;
        private final EvenRows even;
        private final Device device;
        private long dispatch;
        private long combine;
        private long combineAdjoint;
        private long dispatchAdjoint;
        private long counts;

        Counted(CommBackend backend, CommConfig config, SentRows rows, EvenRows even, Device device) {
            super(backend);
            this.config = config;
            this.ranks = rows.ranks();
            this.rows = rows;
            this.even = even;
            this.device = device;
        }

        @Override
        public DispatchPlan plan(Tensor ids_TK) {
            counts += Tensor.bytes(DType.I32, config.experts()) * (ranks - 1);
            move(ids_TK.bytes() * 4.0);
            return super.plan(ids_TK);
        }

        @Override
        public PendingRows dispatch(DispatchRequest request) {
            long bytes = even.round() > 0 ? 0 : rows.bytes() + scalars(request.weights_TK());
            if (request.into() == ReceiveBuffer.GRADIENTS) {
                combineAdjoint += bytes;
            } else {
                dispatch += bytes;
            }
            moveRows();
            return super.dispatch(request);
        }

        @Override
        public PendingTokens combine(CombineRequest request) {
            // Each copy of a row is rounded before it is added, so that all copies are sent back.
            long bytes = even.round() > 0 ? 0
                    : routedToOthers() * Tensor.bytes(config.returnType(), config.dim())
                            + scalars(request.scalars_TK());
            // Scalars that are sent back are gradients of weights, which only backward has.
            if (request.scalars_TK().isPresent()) {
                dispatchAdjoint += bytes;
            } else {
                combine += bytes;
            }
            moveRows();
            return super.combine(request);
        }

        /**
         * All rounds together send each row once, and the first round has counted all of them. A backend whose host reads the number of rounds finds no rows
         * on this device. This then makes the largest possible number of rounds, because they take memory.
         */
        @Override
        public void furtherRounds(DispatchPlan plan, Consumer<DispatchPlan> round) {
            try {
                super.furtherRounds(plan, part -> next(part, round));
                while (even.round() < maxRounds() - 1) {
                    next(plan, round);
                }
            } finally {
                even.setRound(0);
            }
        }

        private void next(DispatchPlan part, Consumer<DispatchPlan> round) {
            even.setRound(even.round() + 1);
            round.accept(part);
        }

        private long scalars(Optional<Tensor> scalars) {
            return scalars.isPresent() ? routedToOthers() * Float.BYTES : 0;
        }

        /** Every row of the round is read once and written once. */
        private void moveRows() {
            move(2.0 * even.in(capacityRows()) * Tensor.bytes(config.rowType(), config.dim()));
        }

        private void move(double bytes) {
            if (device instanceof PlanningDevice planning) {
                planning.work().add(DType.F32, 0, bytes);
            }
        }

        private long routedToOthers() {
            return config.routedRows() * (ranks - 1) / ranks;
        }
    }
}
