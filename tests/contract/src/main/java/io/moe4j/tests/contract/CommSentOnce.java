package io.moe4j.tests.contract;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.CommCase.Routing;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Exchanges whose rows are sent once to each rank ({@link Dedup#ON}). They must give the same bits as the definition, like all others: rows, scalars, sums,
 * padding, races and replays.
 */
final class CommSentOnce {
    private static final long SEED = 20_261_129;
    private static final int RANDOM_CASES = 24;
    private static final int ROUNDS = 12;
    private static final List<Routing> ROUTINGS = List.of(Routing.values());

    private final CommKit kit;
    private final List<Integer> groupSizes;
    private final List<DType> rowTypes;

    CommSentOnce(CommKit kit, List<Integer> groupSizes, List<DType> rowTypes) {
        this.kit = kit;
        this.groupSizes = groupSizes;
        this.rowTypes = rowTypes;
    }

    Stream<DynamicTest> tests() {
        List<DynamicTest> tests = new ArrayList<>();
        for (CommCase shape : shapes()) {
            // The types in turn: a type changes how rows are copied, not where.
            DType rowType = rowTypes.get(tests.size() % rowTypes.size());
            tests.add(test(shape, rowType, new CommExchange(shape, rowType)::on));
        }
        for (int ranks : groupSizes) {
            for (DType type : DType.values()) {
                if (type.isScaled() && kit.provider().supports(kit.device().targetKind(), type)) {
                    CommScaled.cases(ranks)
                            .forEach(shape -> tests.add(test(shape, type, new CommScaled(shape, type)::on)));
                }
            }
            DType rowType = rowTypes.getLast();
            CommCase padded = CommCase.of("padding x" + ranks, ranks, 30, 8, 4 * ranks, 3, Routing.SKEWED);
            tests.add(test(padded, rowType, rank -> CommPadding.check(rank, padded, rowType)));
            CommCase raced = CommCase.of("back to back x" + ranks, ranks, 48, 16, 4 * ranks, 3, Routing.SKEWED);
            tests.add(test(raced, rowType, new CommRaces(raced, rowType, ROUNDS)::on));
            CommCase replayed = CommCase.of("captured x" + ranks, ranks, 19, 24, 4 * ranks, 3, Routing.SKEWED);
            kit.capture().filter(capture -> !kit.provider().requirements().synchronisesWithHost())
                    .ifPresent(capture -> tests.add(test(replayed, rowType, replay(replayed, rowType, capture))));
        }
        return tests.stream();
    }

    private static CommRank.Check replay(CommCase shape, DType rowType, GraphCaptureProvider capture) {
        return rank -> CommCapture.replaysEqualTheDefinition(rank, shape, rowType, capture);
    }

    private List<CommCase> shapes() {
        List<CommCase> shapes = new ArrayList<>();
        for (int ranks : groupSizes) {
            int experts = 4 * ranks;
            for (Routing routing : ROUTINGS) {
                shapes.add(CommCase.of(routing + " x" + ranks, ranks, 37, 24, experts, 3, routing));
            }
            shapes.add(CommCase.of("no tokens x" + ranks, ranks, 0, 8, experts, 2, Routing.RANDOM));
            shapes.add(CommCase.of("one token, all experts x" + ranks, ranks, 1, 8, experts, experts, Routing.RANDOM));
            shapes.add(CommCase.of("K = 1 x" + ranks, ranks, 29, 16, experts, 1, Routing.SKEWED));
            shapes.add(CommCase.of("all experts of one rank x" + ranks, ranks, 11, 8, experts, 4, Routing.LAST));
            // A row in the middle, or all but the first of a token, is beyond the capacity.
            CommCase full = CommCase.of("too small x" + ranks, ranks, 41, 7, experts, 4, Routing.SKEWED);
            shapes.add(dropping(full, 1));
            // More slots than a warp has lanes.
            shapes.add(CommCase.of("K = 40 x" + ranks, ranks, 5, 3, 24 * ranks, Math.min(40, 24 * ranks),
                    Routing.RANDOM));
        }
        Random random = new Random(SEED);
        for (int i = 0; i < RANDOM_CASES; i++) {
            int ranks = groupSizes.get(random.nextInt(groupSizes.size()));
            int experts = ranks * (1 + random.nextInt(9));
            CommCase shape = CommCase.of("random " + i + " of seed " + SEED, ranks, random.nextInt(60),
                    1 + random.nextInt(90), experts, 1 + random.nextInt(Math.min(experts, 8)),
                    ROUTINGS.get(random.nextInt(ROUTINGS.size()))).withSeed(SEED + i);
            shapes.add(random.nextInt(3) == 0 ? dropping(shape, 1 + random.nextDouble()) : shape);
        }
        return shapes;
    }

    private CommCase dropping(CommCase shape, double factor) {
        return kit.provider().requirements().worstCaseOnly() ? shape
                : shape.with(ReceiveCapacity.factor(factor), OverflowAction.DROP);
    }

    private DynamicTest test(CommCase shape, DType rowType, CommRank.Check check) {
        CommConfig config = shape.config(rowType).withDedup(Dedup.ON);
        return DynamicTest.dynamicTest(shape + ", " + rowType, () -> {
            try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
                team.run(rank -> CommRank.with(kit, config, rank, rank.world(), check));
            }
        });
    }
}
