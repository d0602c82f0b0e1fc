package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.CommCase.Routing;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** The tests of exchanges in rounds, in each form that the backend supports. */
final class CommRoundTests {
    private final CommKit kit;
    private final List<Integer> groupSizes;
    private final List<DType> rowTypes;
    private final boolean supported;

    CommRoundTests(CommKit kit, List<Integer> groupSizes, List<DType> rowTypes) {
        this.kit = kit;
        this.groupSizes = groupSizes;
        this.rowTypes = rowTypes;
        supported = kit.provider().supportsRounds(kit.device().targetKind());
    }

    Stream<DynamicTest> equalTheWorstCase() {
        if (!supported) {
            return Stream.of(dynamicTest("it says that it does not support rounds", () -> assertFalse(supported)));
        }
        DeviceKind kind = kit.device().targetKind();
        List<CommCase> all = CommRounds.cases(groupSizes);
        List<DType> scaled = Stream.of(DType.values())
                .filter(type -> type.isScaled() && kit.provider().supports(kind, type)).toList();
        List<CommCase> random = all.stream().filter(shape -> shape.name().startsWith("random")).toList();
        List<CommCase> once = kit.provider().sendsRowsOnce() ? random : List.of();
        return Stream.of(of(all, rowTypes.subList(0, 1)),
                once.stream().map(shape -> dynamicTest(shape + ", rows sent once", () -> kit.onAllRanks(shape,
                        shape.config(rowTypes.getFirst()).withDedup(Dedup.ON),
                        new CommRounds(shape, rowTypes.getFirst())::on))),
                of(random, rowTypes.subList(1, rowTypes.size())), of(random, scaled)).flatMap(tests -> tests);
    }

    private Stream<DynamicTest> of(List<CommCase> cases, List<DType> types) {
        return types.stream().flatMap(type -> cases.stream().map(shape -> dynamicTest(shape + ", " + type,
                () -> kit.onAllRanks(shape, type, new CommRounds(shape, type)::on))));
    }

    /** @param exchanges how many each test makes */
    Stream<DynamicTest> backToBack(int exchanges) {
        DType rowType = rowTypes.getLast();
        return inTurn().map(shape -> dynamicTest(shape.name(),
                () -> kit.onAllRanks(shape, rowType, new CommRoundsInTurn(shape, rowType, exchanges)::eager)));
    }

    Stream<DynamicTest> captured(GraphCaptureProvider capture) {
        DType rowType = rowTypes.getLast();
        return inTurn().map(shape -> dynamicTest(shape.name(), () -> kit.onAllRanks(shape, rowType,
                rank -> new CommRoundsInTurn(shape, rowType, 12).captured(rank, capture))));
    }

    /** On ranks with a stream for communication. */
    Stream<DynamicTest> besideTheMainStream() {
        return inTurn().map(shape -> dynamicTest("rounds " + shape.name(),
                () -> kit.onAllRanksWithTwoStreams(shape, DType.F32, new CommRounds(shape, DType.F32)::on)));
    }

    /** A capacity of less than half of the rows under even routing. */
    private Stream<CommCase> inTurn() {
        return groupSizes.stream().filter(ranks -> supported)
                .map(ranks -> CommRounds.of(CommCase.of("x" + ranks, ranks, 24, 16, 2 * ranks, 2, Routing.SKEWED), 19));
    }
}
