package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The contract of collectives, bit for bit: copies are copies, and sums are computed in fp32, in rank order, and rounded once. Ranks are threads over the
 * device.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class CollectivesContract {
    private static final int ROUNDS = 30;

    private Device device;

    /** For subclasses. */
    protected CollectivesContract() {}

    /** The collectives. */
    protected abstract CollectivesProvider provider();

    /** The device that they run on. */
    protected abstract DeviceProvider deviceProvider();

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** The numbers of ranks to try. */
    protected List<Integer> groupSizes() {
        return List.of(1, 2, 3, 4);
    }

    /** Elements of a rank's part: none, one, odd ones, and enough for several blocks. */
    protected List<Integer> sizes() {
        return List.of(0, 1, 5, 1023, 70_001);
    }

    /** Opens the device. */
    @BeforeEach
    public void open() {
        device = deviceProvider().open(deviceConfig());
    }

    /** Closes it. */
    @AfterEach
    public void close() {
        device.close();
    }

    private Stream<DynamicTest> cases(List<DType> types, CollectiveRank.Check check) {
        return groupSizes().stream().flatMap(ranks -> types.stream().map(type -> dynamicTest(type + " x" + ranks,
                () -> onAllRanks(ranks, rank -> {
                    for (int elements : sizes()) {
                        check.on(rank, type, elements);
                    }
                }))));
    }

    private void onAllRanks(int ranks, CollectiveRank.Work work) {
        try (RankTeam team = RankTeam.open(device, ranks, 1 << 16)) {
            team.run(context -> CollectiveRank.with(provider(), context, context.world(), work));
        }
    }

    /** All-gather: the output has every rank's input. */
    @TestFactory
    public Stream<DynamicTest> allGather() {
        return cases(HostValues.types(device), CollectiveRank::allGather);
    }

    /** Reduce-scatter: each rank gets its part of the sum, in the same element type and in the other one. */
    @TestFactory
    public Stream<DynamicTest> reduceScatter() {
        return cases(List.of(DType.F32, DType.BF16), CollectiveRank::reduceScatter);
    }

    /** All-reduce: every rank gets the sum. */
    @TestFactory
    public Stream<DynamicTest> allReduce() {
        return cases(List.of(DType.F32, DType.BF16, DType.I32, DType.I64), CollectiveRank::allReduce);
    }

    /** Broadcast: every rank gets the root's values; each rank is root once. */
    @TestFactory
    public Stream<DynamicTest> broadcast() {
        return cases(HostValues.types(device), CollectiveRank::broadcast);
    }

    /** All-to-all with uneven parts, some of them empty. */
    @TestFactory
    public Stream<DynamicTest> allToAllV() {
        return cases(List.of(DType.F32, DType.BF16, DType.I64), CollectiveRank::allToAllV);
    }

    /** One operation after another on the same tensors, with ranks that fall behind. */
    @TestFactory
    public Stream<DynamicTest> backToBack() {
        return groupSizes().stream().map(ranks -> dynamicTest("x" + ranks,
                () -> onAllRanks(ranks, rank -> rank.backToBack(ROUNDS))));
    }

    /** Two groups of one world at the same time. */
    @Test
    public void groupsDoNotDisturbEachOther() {
        try (RankTeam team = RankTeam.open(device, 4, 1 << 16)) {
            team.run(context -> {
                Group half = new Group("halves", context.rank() < 2 ? List.of(0, 1) : List.of(2, 3),
                        context.rank() % 2);
                return CollectiveRank.with(provider(), context, half, rank -> rank.backToBack(ROUNDS));
            });
        }
    }

    /** Sizes that do not fit together are refused on the host. */
    @Test
    public void refusesSizesThatDoNotFit() {
        onAllRanks(2, rank -> {
            Tensor three = rank.values().tensor(DType.F32, 3);
            Tensor four = rank.values().tensor(DType.F32, 4);
            Collectives collectives = rank.collectives();
            refused(() -> collectives.allGather(rank.stream(), three, four));
            refused(() -> collectives.reduceScatter(rank.stream(), three, four));
            refused(() -> collectives.broadcast(rank.stream(), three, 2));
            rank.allReduce(DType.F32, 10);
        });
    }

    private static void refused(Runnable call) {
        RuntimeException refusal = assertThrows(RuntimeException.class, call::run);
        assertTrue(refusal instanceof DeviceException || refusal instanceof IllegalArgumentException,
                refusal.toString());
    }
}
