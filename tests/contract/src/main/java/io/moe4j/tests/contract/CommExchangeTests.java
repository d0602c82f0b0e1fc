package io.moe4j.tests.contract;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.CommCase.Routing;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** The tests of exchanges: what arrives and comes back, in which order they may overlap, and their capture. */
final class CommExchangeTests {
    private final CommKit kit;
    private final List<Integer> groupSizes;
    private final List<DType> rowTypes;
    private final boolean worstCaseOnly;

    CommExchangeTests(CommKit kit, List<Integer> groupSizes, List<DType> rowTypes) {
        this.kit = kit;
        this.groupSizes = groupSizes;
        this.rowTypes = rowTypes;
        worstCaseOnly = kit.provider().requirements().worstCaseOnly();
    }

    Stream<DynamicTest> all() {
        CommCase many = CommCase.beyond16Bits(groupSizes.stream().max(Integer::compare).orElseThrow());
        return Stream.concat(
                rowTypes.stream()
                        .flatMap(rowType -> CommCase.all(groupSizes).stream().map(shape -> exchange(shape, rowType))),
                Stream.of(exchange(many, rowTypes.getFirst())));
    }

    Stream<DynamicTest> capacities() {
        List<CommCase> cases = worstCaseOnly ? CommCapacities.worstCase(groupSizes) : CommCapacities.all(groupSizes);
        return cases.stream().map(shape -> exchange(shape, rowTypes.getFirst()));
    }

    private DynamicTest exchange(CommCase shape, DType rowType) {
        return dynamicTest(shape + ", " + rowType,
                () -> kit.onAllRanks(shape, rowType, new CommExchange(shape, rowType)::on));
    }

    Stream<DynamicTest> overlap() {
        return groupSizes.stream().flatMap(ranks -> Stream.of(CommOverlap.Order.values())
                .flatMap(order -> Stream.of(false, true).map(latestFirst -> {
                    CommCase shape = skewed("overlap", ranks);
                    return dynamicTest(order + (latestFirst ? ", the latest awaited first x" : " x") + ranks,
                            () -> kit.onAllRanks(shape, DType.F32, new CommOverlap(shape, order, latestFirst)::on));
                })));
    }

    /** On ranks with a stream for communication. */
    Stream<DynamicTest> besideTheMainStream() {
        return groupSizes.stream().flatMap(ranks -> {
            CommCase shape = skewed("beside", ranks);
            return Stream.of(true, false).map(beside -> dynamicTest((beside ? "x" : "in order x") + ranks,
                    () -> kit.onAllRanksWithTwoStreams(shape, DType.F32, new CommBeside(shape, beside)::on)));
        });
    }

    Stream<DynamicTest> rowsWithScales() {
        DeviceKind kind = kit.device().targetKind();
        CommCase small = CommCase.small(1);
        return Stream.of(DType.values()).filter(DType::isScaled).flatMap(type -> kit.provider().supports(kind, type)
                ? Stream.concat(groupSizes.stream().flatMap(ranks -> CommScaled.cases(ranks).stream())
                        .map(shape -> dynamicTest(shape + ", " + type,
                                () -> kit.onAllRanks(shape, type, new CommScaled(shape, type)::on))),
                        Stream.of(dynamicTest(type + " without scales",
                                () -> kit.onAllRanks(small, type, new CommScaled(small, type)::withoutScales))))
                : Stream.of(dynamicTest(type + " is refused", () -> CommScaled.isRefused(kit, small, type))));
    }

    Stream<DynamicTest> adjoints() {
        List<CommCase> cases = new ArrayList<>(CommCase.all(groupSizes));
        for (int ranks : groupSizes) {
            CommCase shape = CommCase.of("skewed, drop x" + ranks, ranks, 50, 12, 2 * ranks, 2, Routing.SKEWED);
            cases.add(worstCaseOnly ? shape : shape.with(ReceiveCapacity.factor(1), OverflowAction.DROP));
        }
        return cases.stream().map(shape -> dynamicTest(shape.name(), () -> CommAdjoints.check(kit, shape)));
    }

    /**
     * On the device of the tests, and on one that does not poison memory.
     *
     * @param notStrict opens such a device
     */
    Stream<DynamicTest> padding(Supplier<Device> notStrict) {
        return Stream.concat(padding("", work -> work.accept(kit)), padding(", memory is not poisoned", work -> {
            try (Device device = notStrict.get()) {
                work.accept(kit.on(device));
            }
        }));
    }

    private Stream<DynamicTest> padding(String where, Consumer<Consumer<CommKit>> on) {
        return groupSizes.stream().flatMap(ranks -> rowTypes.stream().map(rowType -> {
            CommCase shape = CommCase.of("x" + ranks, ranks, 30, 8, 4 * ranks, 3, Routing.RANDOM);
            return dynamicTest(shape + ", " + rowType + where, () -> on.accept(
                    given -> given.onAllRanks(shape, rowType, rank -> CommPadding.check(rank, shape, rowType))));
        }));
    }

    /** @param exchanges how many each test makes */
    Stream<DynamicTest> backToBack(int exchanges) {
        return groupSizes.stream().map(ranks -> {
            CommCase shape = CommCase.of("x" + ranks, ranks, 48, 16, 2 * ranks, 2, Routing.SKEWED);
            return dynamicTest(shape.name(), () -> kit.onAllRanks(shape, rowTypes.getLast(),
                    new CommRaces(shape, rowTypes.getLast(), exchanges)::on));
        });
    }

    /** Captured and replayed, or refused by the capture, as the backend's requirements say. */
    Stream<DynamicTest> captured(GraphCaptureProvider capture) {
        DType rowType = rowTypes.getLast();
        boolean waits = kit.provider().requirements().synchronisesWithHost();
        return groupSizes.stream().map(ranks -> {
            CommCase shape = skewed("x" + ranks, ranks);
            return dynamicTest(shape.name(), () -> kit.onAllRanks(shape, rowType, rank -> {
                if (waits) {
                    CommCapture.isRefused(rank, shape, rowType, capture);
                } else {
                    CommCapture.replaysEqualTheDefinition(rank, shape, rowType, capture);
                }
            }));
        });
    }

    private static CommCase skewed(String name, int ranks) {
        return CommCase.of(name, ranks, 33, 16, 2 * ranks, 2, Routing.SKEWED);
    }
}
