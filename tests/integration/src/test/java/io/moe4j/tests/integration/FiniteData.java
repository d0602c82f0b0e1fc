package io.moe4j.tests.integration;

import io.moe4j.api.InputException;
import io.moe4j.api.ops.LossOps;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.step.Batch;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;

/** Data for validation that ends. */
final class FiniteData {
    private FiniteData() {}

    /** The sequences of training; each rank reads {@code batches} batches of them. */
    static BatchSource.Factory of(BatchSource.Factory endless, IntUnaryOperator batches) {
        return (rank, read) -> new Limited(endless.open(rank, read), batches.applyAsInt(rank));
    }

    /** The same sequences with masked labels: only the labels at those places of a sequence count that the mask has. */
    static BatchSource.Factory masked(TrainerConfig config, BatchSource.Factory data, Mask mask) {
        return (rank, read) -> {
            BatchSource all = data.open(rank, read);
            return new BatchSource() {
                @Override
                public Batch next() {
                    throw new IllegalStateException("validation asks with poll");
                }

                @Override
                public Optional<Batch> poll() {
                    return all.poll().map(batch -> {
                        int[] labels = batch.labels_T().clone();
                        for (int t = 0; t < labels.length; t++) {
                            if (!mask.counts(rank, t / config.training().seqLen(), t % config.training().seqLen())) {
                                labels[t] = LossOps.IGNORED_LABEL;
                            }
                        }
                        return new Batch(batch.ids_T(), labels);
                    });
                }
            };
        };
    }

    /** Fails on one rank at its second batch. */
    static BatchSource.Factory broken(BatchSource.Factory data, int broken) {
        return (rank, read) -> {
            BatchSource all = data.open(rank, read);
            AtomicInteger polled = new AtomicInteger();
            return new BatchSource() {
                @Override
                public Batch next() {
                    throw new IllegalStateException("validation asks with poll");
                }

                @Override
                public Optional<Batch> poll() {
                    if (rank == broken && polled.incrementAndGet() == 2) {
                        throw new InputException("v.jsonl, line 9 is not JSON");
                    }
                    return all.poll();
                }
            };
        };
    }

    /** Which labels count. */
    @FunctionalInterface
    interface Mask {
        boolean counts(int rank, int sequence, int token);
    }

    private static final class Limited implements BatchSource {
        private final BatchSource endless;
        private int left;

        Limited(BatchSource endless, int left) {
            this.endless = endless;
            this.left = left;
        }

        @Override
        public Batch next() {
            throw new IllegalStateException("validation asks with poll");
        }

        @Override
        public Optional<Batch> poll() {
            return left-- > 0 ? Optional.of(endless.next()) : Optional.empty();
        }
    }
}
