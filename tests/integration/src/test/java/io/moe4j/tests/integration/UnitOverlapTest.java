package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.autograd.sharding.Precision;
import io.moe4j.autograd.sharding.ShardGroup;
import io.moe4j.autograd.sharding.UnitOverlap;
import io.moe4j.tests.contract.Planted;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The order between the two streams, each seen to fail where one stream does not wait for the other. The streams of a strict CPU device are threads; kernels
 * that wait for the test hold one of them back. A unit has two shards, of which a rank that does not exist has the second.
 */
final class UnitOverlapTest {
    private static final int ELEMENTS = 1024;

    /** The stream that does not wait; with {@code NONE} both wait, and results that are wrong with the other two must be right. */
    enum Fault {
        NONE, MAIN_DOES_NOT_WAIT, BESIDE_DOES_NOT_WAIT
    }

    /** Unless the main stream waits, values are used while they are still being gathered. This holds for values that stay gathered too. */
    @ParameterizedTest
    @CsvSource({"NONE, false", "MAIN_DOES_NOT_WAIT, false", "NONE, true", "MAIN_DOES_NOT_WAIT, true"})
    void valuesAreUsedWhenTheyHaveArrived(Fault fault, boolean theyStay) {
        check(fault, theyStay, rank -> {
            rank.hold(rank.beside);
            rank.overlap.expect(rank.order(0, 1));
            Tensor seen = rank.copyOfGathered(0);
            rank.release(rank.main);
            return rank.read(seen);
        }, 7);
    }

    /** Two passes gather each unit once; after the next {@code prepare} it is gathered again, while the main stream, if it does not wait, reads what was. */
    @ParameterizedTest
    @EnumSource(names = {"NONE", "MAIN_DOES_NOT_WAIT"})
    void valuesStayUntilTheyChange(Fault fault) {
        check(fault, true, rank -> {
            for (int pass = 0; pass < 2; pass++) {
                rank.overlap.expect(rank.order(0, 1, 2));
                IntStream.range(0, 3).forEach(rank::copyOfGathered);
                rank.overlap.finish();
                rank.main.synchronize();
                rank.beside.synchronize();
                assertEquals(3, rank.gathers.get(), "pass " + pass);
            }
            rank.units.get(0).load((parameter, from, into, count) -> Arrays.fill(into, 0, count, 2));
            rank.units.forEach(ParameterUnit::prepare);
            rank.hold(rank.beside);
            rank.overlap.expect(rank.order(0, 1, 2));
            Tensor seen = rank.copyOfGathered(0);
            rank.release(rank.main);
            return rank.read(seen);
        }, 8);
    }

    /** Without a pass, they are gathered on the main stream, and stay there too. */
    @Test
    void whatTheMainStreamGathersStays() {
        check(Fault.NONE, true, rank -> {
            rank.copyOfGathered(0);
            rank.overlap.expect(rank.order(0, 1));
            Tensor seen = rank.copyOfGathered(0);
            rank.main.synchronize();
            rank.beside.synchronize();
            assertEquals(2, rank.gathers.get(), "unit 0 once, and unit 1 ahead");
            return rank.read(seen);
        }, 7);
    }

    /** A model that does not announce its steps would read the values of the step before. */
    @Test
    void unitsThatKeepWhatTheyGatherMustBePrepared() {
        try (Rank rank = new Rank(Fault.NONE, true)) {
            rank.units.get(0).prepare();
            rank.copyOfGathered(0);
            assertThrows(IllegalStateException.class, () -> rank.copyOfGathered(1));
            String message = assertThrows(IllegalStateException.class, rank.units.get(0)::keepGathered).getMessage();
            assertTrue(message.contains("unit 0") && message.contains("keeps it already"), message);
        }
    }

    /** While the main stream still reads a stage's values, the next but one is gathered into the same room, unless the second stream waits. */
    @ParameterizedTest
    @EnumSource(names = {"NONE", "BESIDE_DOES_NOT_WAIT"})
    void aRoomIsFilledWhenItsValuesHaveBeenRead(Fault fault) {
        check(fault, false, rank -> {
            rank.overlap.expect(rank.order(0, 1, 2));
            rank.main.synchronize();
            rank.beside.synchronize();
            rank.hold(rank.main);
            Tensor seen = rank.copyOfGathered(0);
            rank.copyOfGathered(1);
            rank.release(rank.beside);
            return rank.read(seen);
        }, 7);
    }

    /** Gradients are written into a room whose last ones are still being reduced, unless the main stream waits. */
    @ParameterizedTest
    @EnumSource(names = {"NONE", "MAIN_DOES_NOT_WAIT"})
    void gradientsAreWrittenWhenTheOnesBeforeHaveBeenReduced(Fault fault) {
        check(fault, false, rank -> {
            rank.writeGradients(2, 11);
            rank.hold(rank.beside);
            rank.units.get(2).reduceGradients();
            rank.writeGradients(0, 12);
            rank.release(rank.main);
            rank.beside.synchronize();
            return rank.read(rank.units.get(2).gradientShard());
        }, 11);
    }

    /** Gradients are reduced before they are complete, unless the second stream waits. */
    @ParameterizedTest
    @EnumSource(names = {"NONE", "BESIDE_DOES_NOT_WAIT"})
    void gradientsAreReducedWhenTheyAreComplete(Fault fault) {
        check(fault, false, rank -> {
            rank.hold(rank.main);
            rank.writeGradients(1, 13);
            rank.units.get(1).reduceGradients();
            rank.release(rank.beside);
            rank.overlap.finish();
            return rank.read(rank.units.get(1).gradientShard());
        }, 13);
    }

    /** After {@code finish}, the main stream reads shards of gradients that are still being reduced, unless it waits. */
    @ParameterizedTest
    @EnumSource(names = {"NONE", "MAIN_DOES_NOT_WAIT"})
    void finishWaits(Fault fault) {
        check(fault, false, rank -> {
            rank.writeGradients(1, 14);
            rank.hold(rank.beside);
            rank.units.get(1).reduceGradients();
            rank.overlap.finish();
            Tensor seen = rank.copy(rank.units.get(1).gradientShard());
            rank.release(rank.main);
            return rank.read(seen);
        }, 14);
    }

    private static void check(Fault fault, boolean keepsGathered, Function<Rank, List<Float>> test, float expected) {
        List<Float> all = new ArrayList<>();
        for (int i = 0; i < ELEMENTS / 2; i++) {
            all.add(expected);
        }
        try (Rank rank = new Rank(fault, keepsGathered)) {
            if (keepsGathered) {
                rank.units.forEach(ParameterUnit::prepare);
            }
            List<Float> found = test.apply(rank);
            if (fault == Fault.NONE) {
                assertEquals(all, found.subList(found.size() - all.size(), found.size()));
            } else {
                assertNotEquals(all, found.subList(found.size() - all.size(), found.size()), "not found: " + fault);
            }
        }
    }

    /** A rank with three stages of one unit, of which the first and the third share a room. */
    private static final class Rank implements AutoCloseable {
        private final Fault fault;
        private final Device device = Plugins.load(List.of()).get(DeviceProvider.class, "cpu")
                .open(DeviceConfig.defaults().withStrict(true).withThreads(1));
        private final Stream main = device.openStream("main");
        private final Stream beside = device.openCommunicationStream("beside");
        private final MemoryStack memory = new MemoryStack(device.allocate(1 << 20, "planned memory"), freed -> {});
        private final Scope step = memory.openStep();
        private final List<ParameterUnit> units = new ArrayList<>();
        private final UnitOverlap overlap;
        private final KernelModule kernels;
        private final AtomicInteger gathers = new AtomicInteger();
        private CountDownLatch held = new CountDownLatch(0);

        Rank(Fault fault, boolean keepsGathered) {
            this.fault = fault;
            kernels = device.load(KernelSource.cpu("held", Map.of("hold", launch -> waitHere(), "gather", Rank::gather,
                    "reduce", Rank::reduce)));
            Stream seenMain = seen(main, Fault.MAIN_DOES_NOT_WAIT);
            Stream seenBeside = seen(beside, Fault.BESIDE_DOES_NOT_WAIT);
            ElementwiseOps elementwise = Planted.instead(ElementwiseOps.class, device.ops().elementwise(),
                    (method, arguments) -> {
                        arguments[0] = real(arguments[0]);
                        return Planted.CALL;
                    });
            DeviceOps ops = Planted.instead(DeviceOps.class, device.ops(),
                    (method, arguments) -> method.equals("elementwise") ? elementwise : Planted.CALL);
            Device seenDevice = Planted.instead(Device.class, device,
                    (method, arguments) -> method.equals("ops") ? ops : Planted.CALL);
            RankContext context = RankContext
                    .of(Group.of("world", List.of(0), 0), seenDevice, seenMain, memory,
                            ThreadRendezvous.of(1, Duration.ofSeconds(10)))
                    .withCommunication(seenBeside);
            ShardGroup group = new ShardGroup(Optional.of(collectives()), Optional.empty());
            for (int i = 0; i < 3; i++) {
                float value = 1 + i;
                ParameterUnit unit = new ParameterUnit("unit " + i, List.of(new Parameter("p" + i, 0, ELEMENTS)),
                        context,
                        group.withBeside(group), new Precision(DType.F32, DType.F32, DType.F32, DType.F32));
                unit.load((parameter, from, into, count) -> Arrays.fill(into, 0, count, value));
                units.add(unit);
            }
            if (keepsGathered) {
                units.forEach(ParameterUnit::keepGathered);
            }
            main.synchronize();
            overlap = UnitOverlap.open(context, units.stream().map(List::of).toList(), false).orElseThrow();
        }

        private Stream seen(Stream stream, Fault forgets) {
            return Planted.instead(Stream.class, stream,
                    (method, arguments) -> method.equals("await") && fault == forgets ? null : Planted.CALL);
        }

        private Stream real(Object stream) {
            return ((Stream) stream).name().equals("main") ? main : beside;
        }

        private Collectives collectives() {
            Collectives none = Planted.instead(Collectives.class, NO_COLLECTIVES,
                    (method, arguments) -> switch (method) {
                        case "group" -> Group.of("shards", List.of(0, 1), 0);
                        case "allGather" -> {
                            gathers.incrementAndGet();
                            yield launch("gather", arguments);
                        }
                        case "reduceScatter" -> launch("reduce", arguments);
                        default -> Planted.CALL;
                    });
            return none;
        }

        private Object launch(String kernel, Object[] arguments) {
            real(arguments[0]).launch(Launch.of(kernels.kernel(kernel), KernelArg.of((Tensor) arguments[1]),
                    KernelArg.of((Tensor) arguments[2])));
            return null;
        }

        /** The other rank's shard is all 7. */
        private static void gather(CpuLaunch launch) {
            for (int i = ELEMENTS / 2; i < ELEMENTS; i++) {
                float value = launch.memory().get(ValueLayout.JAVA_FLOAT_UNALIGNED, launch.pointer(1));
                launch.memory().set(ValueLayout.JAVA_FLOAT_UNALIGNED, launch.pointer(1) + 4L * i, value == 1 ? 7 : 8);
            }
        }

        /** The other rank's gradients are all 0. */
        private static void reduce(CpuLaunch launch) {
            MemorySegment.copy(launch.memory(), launch.pointer(0), launch.memory(), launch.pointer(1),
                    4L * ELEMENTS / 2);
        }

        List<List<ParameterUnit>> order(int... stages) {
            return Arrays.stream(stages).mapToObj(stage -> List.of(units.get(stage))).toList();
        }

        /** What follows on a stream waits for {@link #release}. */
        void hold(Stream stream) {
            held = new CountDownLatch(1);
            stream.launch(Launch.of(kernels.kernel("hold")));
        }

        /** Lets the held stream go on; where a fault is planted, not before the other one has done all its work, for which it should have waited. */
        void release(Stream other) {
            if (fault != Fault.NONE) {
                other.synchronize();
            }
            held.countDown();
        }

        private void waitHere() {
            try {
                held.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        Tensor copyOfGathered(int unit) {
            try (ParameterUnit.Gathered gathered = units.get(unit).gather()) {
                return copy(units.get(unit).parameters().getFirst().value());
            }
        }

        Tensor copy(Tensor tensor) {
            Tensor copy = memory.keep("copies", DType.F32, tensor.elements());
            main.copy(tensor, copy);
            return copy;
        }

        void writeGradients(int unit, float value) {
            units.get(unit).openGradients();
            Parameter parameter = units.get(unit).parameters().getFirst();
            assertFalse(parameter.accumulatesGradient());
            main.fill(parameter.gradient(), value);
        }

        List<Float> read(Tensor tensor) {
            float[] values = new float[Math.toIntExact(tensor.elements())];
            main.download(tensor, MemorySegment.ofArray(values));
            List<Float> all = new ArrayList<>();
            for (float value : values) {
                all.add(value);
            }
            return all;
        }

        @Override
        public void close() {
            held.countDown();
            main.synchronize();
            beside.synchronize();
            overlap.close();
            units.forEach(ParameterUnit::close);
            step.close();
            device.close();
        }
    }

    private static final Collectives NO_COLLECTIVES = new Collectives() {
        @Override
        public Group group() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void allGather(Stream stream, Tensor in, Tensor out) {}

        @Override
        public void reduceScatter(Stream stream, Tensor in, Tensor out) {}

        @Override
        public void allReduce(Stream stream, Tensor tensor) {}

        @Override
        public void broadcast(Stream stream, Tensor tensor, int root) {}

        @Override
        public void allToAllV(Stream stream, Tensor in, long[] sendRows, Tensor out, long[] recvRows) {}

        @Override
        public void close() {}
    };
}
