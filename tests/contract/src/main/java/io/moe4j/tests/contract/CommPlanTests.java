package io.moe4j.tests.contract;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.CommCase.Routing;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** The tests of plans: how long they are kept, what they read, their memory, and the statistics that they add to. */
final class CommPlanTests {
    private final CommKit kit;
    private final List<Integer> groupSizes;
    private final boolean inRounds;

    CommPlanTests(CommKit kit, List<Integer> groupSizes) {
        this.kit = kit;
        this.groupSizes = groupSizes;
        inRounds = kit.provider().supportsRounds(kit.device().targetKind());
    }

    Stream<DynamicTest> plannedMemory(List<DType> rowTypes) {
        CommCase shape = shape(groupSizes.getLast());
        Stream<CommCase> shapes = inRounds ? Stream.of(shape, CommPlans.inRounds(shape)) : Stream.of(shape);
        return shapes.flatMap(each -> rowTypes.stream().map(rowType -> dynamicTest(each + ", " + rowType,
                () -> new CommPlanned(kit, each, rowType).check())));
    }

    Stream<DynamicTest> outliveScopes() {
        return groupSizes.stream().map(ranks -> dynamicTest("x" + ranks,
                () -> kit.onAllRanks(shape(ranks), DType.F32, new CommPlans(shape(ranks))::outliveScopes)));
    }

    Stream<DynamicTest> readTheIdsOfNow() {
        return groupSizes.stream().map(ranks -> dynamicTest("x" + ranks,
                () -> kit.onAllRanks(shape(ranks), DType.F32, new CommPlans(shape(ranks))::readTheIdsOfNow)));
    }

    Stream<DynamicTest> statistics() {
        return groupSizes.stream().flatMap(ranks -> {
            CommCase dropless = shape(ranks);
            CommCase dropping = dropless.with(ReceiveCapacity.factor(1), OverflowAction.DROP);
            boolean worstCaseOnly = kit.provider().requirements().worstCaseOnly();
            Stream<DynamicTest> tests = (worstCaseOnly ? Stream.of(dropless) : Stream.of(dropless, dropping))
                    .map(shape -> dynamicTest(shape + " x" + ranks,
                            () -> kit.onAllRanks(shape, DType.F32, new CommPlans(shape)::addToTheStatistics)));
            if (!inRounds) {
                return tests;
            }
            CommCase rounds = CommPlans.inRounds(dropless);
            return Stream.concat(tests, Stream.of(dynamicTest(rounds + " x" + ranks,
                    () -> kit.onAllRanks(rounds, DType.F32, new CommPlans(rounds)::addToTheRoundStatistics))));
        });
    }

    private static CommCase shape(int ranks) {
        return CommCase.of("plans", ranks, 29, 12, 2 * ranks, 2, Routing.SKEWED);
    }
}
