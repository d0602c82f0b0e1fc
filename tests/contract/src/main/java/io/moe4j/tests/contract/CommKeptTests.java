package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.CommCase.Routing;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** The tests of dispatches that {@linkplain CommKept keep their rows}: in each form that the backend supports. */
final class CommKeptTests {
    private final CommKit kit;
    private final List<Integer> groupSizes;
    private final List<DType> rowTypes;

    CommKeptTests(CommKit kit, List<Integer> groupSizes, List<DType> rowTypes) {
        this.kit = kit;
        this.groupSizes = groupSizes;
        this.rowTypes = rowTypes;
    }

    Stream<DynamicTest> tests() {
        boolean keeps = keepsRows();
        if (!keeps) {
            return Stream.of(dynamicTest("it says that it cannot keep rows", () -> assertFalse(keeps)));
        }
        CommCase largest = CommCase.small(groupSizes.getLast());
        List<DynamicTest> tests = new ArrayList<>();
        tests.add(dynamicTest("refused without memory",
                () -> kit.onAllRanks(largest, DType.F32, rank -> CommKept.needsMemory(rank, largest))));
        groupSizes.forEach(ranks -> tests.addAll(of(ranks)));
        if (kit.provider().supportsRounds(kit.device().targetKind())) {
            addInRounds(tests);
        }
        return tests.stream();
    }

    private boolean keepsRows() {
        boolean[] keeps = {false};
        kit.onAllRanks(CommCase.small(1), DType.F32, rank -> keeps[0] = rank.backend().keptBytes() > 0);
        return keeps[0];
    }

    private List<DynamicTest> of(int ranks) {
        CommCase shape = CommCase.of("kept x" + ranks, ranks, 29, 16, 2 * ranks, 2, Routing.SKEWED);
        List<DynamicTest> tests = new ArrayList<>();
        for (DType rowType : rowTypes) {
            CommKept kept = new CommKept(kit, shape, rowType);
            tests.add(test(shape + ", " + rowType, shape, kept.config(), kept::eager));
        }
        DType rowType = rowTypes.getLast();
        CommKept kept = new CommKept(kit, shape, rowType);
        if (kit.provider().sendsRowsOnce()) {
            tests.add(test(shape + ", rows sent once", shape, kept.config().withDedup(Dedup.ON), kept::eager));
        }
        kit.capture().filter(capture -> !kit.provider().requirements().synchronisesWithHost())
                .ifPresent(capture -> tests.add(test(shape + ", captured", shape, kept.config(),
                        rank -> kept.captured(rank, capture))));
        tests.add(test(shape + ", padding", shape, shape.config(rowType).withKeptDispatches(1),
                rank -> CommPadding.check(rank, shape, rowType, true)));
        tests.add(dynamicTest(shape + ", memory", () -> CommKept.takesWhatItSays(kit, CommCase.of("memory x"
                + ranks, ranks, 300, 64, 2 * ranks, 2, Routing.SKEWED), rowType)));
        return tests;
    }

    /** The types in turn. */
    private void addInRounds(List<DynamicTest> tests) {
        Stream<DType> scaled = Stream.of(DType.values())
                .filter(type -> type.isScaled() && kit.provider().supports(kit.device().targetKind(), type));
        List<DType> types = Stream.concat(rowTypes.stream(), scaled).toList();
        CommRounds.cases(groupSizes).stream().filter(shape -> shape.name().startsWith("random")).forEach(shape -> {
            DType type = types.get(tests.size() % types.size());
            tests.add(test(shape + ", " + type, shape, shape.config(type).withKeptDispatches(1),
                    new CommRounds(shape, type, true)::on));
        });
    }

    private DynamicTest test(String name, CommCase shape, CommConfig config, CommRank.Check check) {
        return dynamicTest(name, () -> kit.onAllRanks(shape, config, check));
    }
}
