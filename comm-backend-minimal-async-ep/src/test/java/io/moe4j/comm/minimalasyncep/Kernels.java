package io.moe4j.comm.minimalasyncep;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.comm.support.RowCodec;
import io.moe4j.api.device.CpuKernel;
import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.BiPredicate;
import java.util.function.BinaryOperator;

/** Kernels with one fault each. */
final class Kernels {
    private Kernels() {}

    private static int integer(CpuLaunch launch, long address) {
        return launch.memory().get(JAVA_INT_UNALIGNED, address);
    }

    private static long number(CpuLaunch launch, long address) {
        return launch.memory().get(JAVA_LONG_UNALIGNED, address);
    }

    private static void put(CpuLaunch launch, long address, int value) {
        launch.memory().set(JAVA_INT_UNALIGNED, address, value);
    }

    private static void put(CpuLaunch launch, long address, long value) {
        launch.memory().set(JAVA_LONG_UNALIGNED, address, value);
    }

    static CpuKernel countsOneTooFew(CpuKernel real) {
        return launch -> {
            real.run(launch);
            if (launch.int64(1) > 0) {
                put(launch, launch.pointer(3), Math.max(0, integer(launch, launch.pointer(3)) - 1));
            }
        };
    }

    static CpuKernel ownTokensOnly(CpuKernel real) {
        return launch -> {
            real.run(launch);
            int experts = launch.int32(2);
            for (int expert = 0; expert < experts; expert++) {
                put(launch, launch.pointer(7) + 4L * expert,
                        integer(launch, launch.pointer(0) + 4L * (launch.int32(3) * experts + expert)));
            }
        };
    }

    static CpuKernel countsOf16Bits(CpuKernel real) {
        return launch -> {
            for (long at = 0; at < (long) launch.int32(1) * launch.int32(2); at++) {
                long count = launch.pointer(0) + 4 * at;
                put(launch, count, integer(launch, count) & 0xffff);
            }
            real.run(launch);
        };
    }

    /** @param lost whether a sum of this number of slots becomes 0 */
    static CpuKernel losesSums(CpuKernel real, BiPredicate<Integer, Float> lost) {
        return launch -> {
            real.run(launch);
            for (long i = 0; i < launch.int64(1) * launch.int64(3); i++) {
                long at = launch.pointer(6) + 4 * i;
                if (lost.test(launch.int32(2), launch.memory().get(JAVA_FLOAT_UNALIGNED, at))) {
                    launch.memory().set(JAVA_FLOAT_UNALIGNED, at, 0);
                }
            }
        };
    }

    static CpuKernel offsetsOneTooFew(CpuKernel real) {
        return launch -> {
            real.run(launch);
            long last = launch.pointer(6) + 4L * (launch.int32(2) / launch.int32(1) - 1);
            put(launch, last, Math.max(0, integer(launch, last) - 1));
        };
    }

    /** The first two rows of row 0's expert exchange their places. */
    static CpuKernel swapsTies(CpuKernel real) {
        return launch -> {
            real.run(launch);
            long rows = launch.int64(1);
            for (long n = 1; n < rows; n++) {
                if (integer(launch, launch.pointer(0)) == integer(launch, launch.pointer(0) + 4 * n)) {
                    swap(launch, launch.pointer(7), launch.pointer(7) + 8 * n);
                    return;
                }
            }
        };
    }

    private static void swap(CpuLaunch launch, long one, long other) {
        long kept = number(launch, one);
        put(launch, one, number(launch, other));
        put(launch, other, kept);
    }

    /** Within an expert, rows are ordered from the last source rank to the first. */
    static CpuKernel sourcesBackwards(CpuKernel real) {
        return launch -> {
            real.run(launch);
            int ranks = launch.int32(1);
            int experts = launch.int32(2);
            int perRank = experts / ranks;
            for (int destination = 0; destination < ranks; destination++) {
                long place = 0;
                for (int j = 0; j < perRank; j++) {
                    long expert = (long) destination * perRank + j;
                    for (int source = ranks - 1; source >= 0; source--) {
                        if (source == launch.int32(3)) {
                            put(launch, launch.pointer(5) + 8 * expert, place);
                        }
                        place += integer(launch, launch.pointer(0) + 4 * ((long) source * experts + expert));
                    }
                }
            }
        };
    }

    static CpuKernel clampsIds(CpuKernel real) {
        return launch -> {
            for (long n = 0; n < launch.int64(1); n++) {
                long at = launch.pointer(0) + 4 * n;
                put(launch, at, Math.clamp(integer(launch, at), 0, launch.int32(2) - 1));
            }
            real.run(launch);
        };
    }

    static CpuKernel sendsOneMore(CpuKernel real) {
        return launch -> PlanKernels.placeRows(new Lying(launch, 6, launch.int64(6) + 1));
    }

    /** The window has one row more than the buffer. */
    static CpuKernel widerWindow(CpuKernel real) {
        return launch -> real.run(new Lying(launch, 10, launch.int64(10) + 1));
    }

    /** Each rank makes only as many rounds as it needs itself. */
    static CpuKernel ownRounds(CpuKernel real) {
        return launch -> {
            real.run(launch);
            int rows = integer(launch, launch.pointer(4) + 4L * (launch.int32(2) / launch.int32(1) - 1));
            put(launch, launch.pointer(5), (int) Math.max(1, Math.ceilDiv(rows, launch.int64(3))));
        };
    }

    static CpuKernel oneRoundTooFew(CpuKernel real) {
        return launch -> {
            real.run(launch);
            put(launch, launch.pointer(5), Math.max(1, integer(launch, launch.pointer(5)) - 1));
        };
    }

    static CpuKernel roundOneTooFew(CpuKernel real) {
        return launch -> {
            real.run(launch);
            long last = launch.pointer(4) + 4L * (launch.int32(2) - 1);
            put(launch, last, Math.max(0, integer(launch, last) - 1));
        };
    }

    static CpuKernel nothingBefore(CpuKernel real) {
        return launch -> {
            real.run(launch);
            put(launch, launch.pointer(5), 0);
        };
    }

    /** The rows of earlier rounds are lost before the last round sums. */
    static CpuKernel forgetsWhatWaits(CpuKernel real) {
        return launch -> {
            Window window = Window.of(launch, 8);
            if (window.isLast() && window.rounds() > 1) {
                long elements = launch.int64(1) * launch.int32(2) * launch.int64(3);
                launch.memory().asSlice(launch.pointer(11), elements * 2).fill((byte) 0);
            }
            real.run(launch);
        };
    }

    static CpuKernel sendsOneLess(CpuKernel real) {
        return launch -> PlanKernels.placeRows(new Lying(launch, 6, Math.max(0, launch.int64(6) - 1)));
    }

    /** If one of two rows of an expert is dropped, it is the earlier one instead of the later one. */
    static CpuKernel dropsTheFirst(CpuKernel real) {
        return launch -> {
            real.run(launch);
            for (long n = 1; n < launch.int64(1); n++) {
                for (long before = 0; before < n && number(launch, launch.pointer(7) + 8 * n) < 0; before++) {
                    if (integer(launch, launch.pointer(0) + 4 * n) == integer(launch, launch.pointer(0) + 4 * before)
                            && number(launch, launch.pointer(7) + 8 * before) >= 0) {
                        swap(launch, launch.pointer(7) + 8 * n, launch.pointer(7) + 8 * before);
                    }
                }
            }
        };
    }

    /** If 2000 or more rows all go to one expert, the last one is dropped. */
    static CpuKernel dropsTheLastOfMany(CpuKernel real) {
        return launch -> {
            real.run(launch);
            long rows = launch.int64(1);
            boolean one = rows >= 2000;
            for (long n = 1; n < rows && one; n++) {
                one = integer(launch, launch.pointer(0) + 4 * n) == integer(launch, launch.pointer(0));
            }
            if (one) {
                put(launch, launch.pointer(7) + 8 * (rows - 1), Destination.DROPPED);
            }
        };
    }

    /** Replaces how the statistics of rounds are updated. {@code merged}: new values from the old ones and those of this plan alone. */
    static CpuKernel roundStatistics(CpuKernel real, BinaryOperator<long[]> merged) {
        return launch -> merge(real, launch, launch.pointer(7), 3, merged);
    }

    /** Replaces how the statistics are updated. {@code merged}: new values from the old ones and those of this plan alone. */
    static CpuKernel statistics(CpuKernel real, BinaryOperator<long[]> merged) {
        return launch -> merge(real, launch, launch.pointer(8), 2, merged);
    }

    private static void merge(CpuKernel real, CpuLaunch launch, long at, int count, BinaryOperator<long[]> merged) {
        long[] before = new long[count];
        long[] now = new long[count];
        for (int i = 0; i < count; i++) {
            before[i] = number(launch, at + 8L * i);
            put(launch, at + 8L * i, 0L);
        }
        real.run(launch);
        for (int i = 0; i < count; i++) {
            now[i] = number(launch, at + 8L * i);
        }
        long[] after = merged.apply(before, now);
        for (int i = 0; i < count; i++) {
            put(launch, at + 8L * i, after[i]);
        }
    }

    /** Each row gets the weight of the routed row after it. */
    static CpuKernel nextWeight(CpuKernel real) {
        return launch -> {
            real.run(launch);
            long rows = launch.int64(3) * launch.int32(4);
            for (long n = 0; n < rows && launch.pointer(1) != 0; n++) {
                long destination = number(launch, launch.pointer(2) + 8 * n);
                if (destination != Destination.DROPPED) {
                    launch.memory().set(JAVA_FLOAT_UNALIGNED,
                            launch.peer(7, Destination.rank(destination)) + 4 * Destination.row(destination),
                            launch.memory().get(JAVA_FLOAT_UNALIGNED, launch.pointer(1) + 4 * ((n + 1) % rows)));
                }
            }
        };
    }

    /** From the third dispatch on, scales are not sent. They are dispatched after their rows, and recognised by their smaller rows. */
    static CpuKernel staleScales(CpuKernel real) {
        long[] widest = new long[1];
        int[] dispatches = new int[1];
        return launch -> {
            widest[0] = Math.max(widest[0], launch.int64(5));
            boolean scales = launch.int64(5) < widest[0];
            if (!scales || dispatches[0]++ < 2) {
                real.run(launch);
            }
        };
    }

    /** Of the places that a row is to be copied to, only the first is written. */
    static CpuKernel spreadsOne(CpuKernel real) {
        return launch -> {
            long rowBytes = launch.int64(3);
            for (long row = 0; row < integer(launch, launch.pointer(2)); row++) {
                int link = integer(launch, launch.pointer(1) + 4 * row);
                if (link > 0) {
                    MemorySegment.copy(launch.memory(), launch.pointer(0) + row * rowBytes, launch.memory(),
                            launch.pointer(0) + (link - 1L) * rowBytes, rowBytes);
                }
            }
        };
    }

    /** Scales are not copied to further places. They are spread after their rows, and recognised by their smaller rows. */
    static CpuKernel spreadsTheWidest(CpuKernel real) {
        long[] widest = new long[1];
        return launch -> {
            widest[0] = Math.max(widest[0], launch.int64(3));
            if (launch.int64(3) == widest[0]) {
                real.run(launch);
            }
        };
    }

    /** A weight is sent only to the place to which its row is sent. */
    static CpuKernel weightsOfTheSent(CpuKernel real) {
        return launch -> {
            real.run(launch);
            for (long n = 0; n < launch.int64(3) * launch.int32(4) && launch.pointer(1) != 0; n++) {
                long destination = number(launch, launch.pointer(2) + 8 * n);
                if (destination != Destination.DROPPED) {
                    int peer = Destination.rank(destination);
                    long row = Destination.row(destination);
                    if (integer(launch, launch.peer(9, peer) + 4 * row) < 0) {
                        put(launch, launch.peer(8, peer) + 4 * row, 0);
                    }
                }
            }
        };
    }

    /** Scalars of the first two slots of each token are exchanged. */
    static CpuKernel swapsScalars(CpuKernel real) {
        return launch -> {
            real.run(launch);
            int slots = launch.int32(2);
            for (long token = 0; token < launch.int64(1) && launch.pointer(7) != 0 && slots > 1; token++) {
                long at = launch.pointer(7) + 4 * token * slots;
                int kept = integer(launch, at);
                put(launch, at, integer(launch, at + 4));
                put(launch, at + 4, kept);
            }
        };
    }

    /** Like the real combine, but slots are added from the last to the first, or each partial sum is rounded to bf16. */
    static CpuKernel combine(boolean backwards, boolean rounds) {
        RowCodec codec = rounds ? RowCodec.BF16 : RowCodec.F32;
        return launch -> {
            MemorySegment memory = launch.memory();
            int slots = launch.int32(2);
            int dim = Math.toIntExact(launch.int64(3));
            float[] sum = new float[dim];
            float[] scratch = new float[dim];
            for (long token = 0; token < launch.int64(1); token++) {
                Arrays.fill(sum, 0);
                long out = launch.pointer(6) + token * dim * codec.bytes();
                for (int k = 0; k < slots; k++) {
                    long n = token * slots + (backwards ? slots - 1 - k : k);
                    long destination = number(launch, launch.pointer(0) + 8 * n);
                    if (destination != Destination.DROPPED) {
                        long row = Destination.row(destination);
                        int peer = Destination.rank(destination);
                        codec.add(memory, launch.peer(4, peer) + row * dim * codec.bytes(), sum, scratch);
                        if (launch.pointer(7) != 0) {
                            memory.set(JAVA_FLOAT_UNALIGNED, launch.pointer(7) + 4 * n,
                                    memory.get(JAVA_FLOAT_UNALIGNED, launch.peer(5, peer) + 4 * row));
                        }
                    } else if (launch.pointer(7) != 0) {
                        memory.set(JAVA_FLOAT_UNALIGNED, launch.pointer(7) + 4 * n, 0);
                    }
                    if (rounds) {
                        codec.store(sum, memory, out);
                        Arrays.fill(sum, 0);
                        codec.add(memory, out, sum, scratch);
                    }
                }
                codec.store(sum, memory, out);
            }
        };
    }

    /** The offset of a row is computed in 32 bits. */
    static CpuKernel shortOffsets(CpuKernel real) {
        return launch -> {
            int rowBytes = (int) launch.int64(5);
            int slots = launch.int32(4);
            for (long n = 0; n < launch.int64(3) * slots; n++) {
                long destination = number(launch, launch.pointer(2) + 8 * n);
                if (destination != Destination.DROPPED) {
                    int offset = (int) Destination.row(destination) * rowBytes;
                    MemorySegment.copy(launch.memory(), launch.pointer(0) + n / slots * rowBytes, launch.memory(),
                            launch.peer(6, Destination.rank(destination)) + offset, rowBytes);
                }
            }
        };
    }

    /** A launch with one argument replaced. */
    private record Lying(CpuLaunch launch, int changed, long value) implements CpuLaunch {
        @Override
        public MemorySegment memory() {
            return launch.memory();
        }

        @Override
        public long pointer(int index) {
            return launch.pointer(index);
        }

        @Override
        public long peer(int index, int peer) {
            return launch.peer(index, peer);
        }

        @Override
        public int int32(int index) {
            return launch.int32(index);
        }

        @Override
        public long int64(int index) {
            return index == changed ? value : launch.int64(index);
        }

        @Override
        public float float32(int index) {
            return launch.float32(index);
        }

        @Override
        public void parallelFor(long count, long grain, RangeBody body) {
            launch.parallelFor(count, grain, body);
        }

        @Override
        public void sgemm(Sgemm gemm) {
            launch.sgemm(gemm);
        }

        @Override
        public void await(java.util.function.BooleanSupplier condition,
                java.util.function.Supplier<String> expectation) {
            launch.await(condition, expectation);
        }
    }
}
