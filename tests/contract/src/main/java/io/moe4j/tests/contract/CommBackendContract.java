package io.moe4j.tests.contract;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.tensor.DType;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The contract of communication backends. A subclass names the backend and the device. Ranks are threads over that device. Results are
 * compared with a definition that is written down with lists, bit for bit: rows are copies, and sums have an order and one rounding.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class CommBackendContract {
    private static final Duration SHORT = Duration.ofMillis(1500);
    /** Time limit of waits for ranks that do not come: short, but long enough for a busy machine. */
    private static final Duration WAITS_FOR_NOTHING = Duration.ofSeconds(10);

    private CommKit kit;

    /** For subclasses. */
    protected CommBackendContract() {}

    /** The backend. */
    protected abstract CommBackendProvider provider();

    /** The device that it runs on. */
    protected abstract DeviceProvider deviceProvider();

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** The collectives, for backends that need some. */
    protected Optional<CollectivesProvider> collectivesProvider() {
        return Optional.empty();
    }

    /** Graph capture of the device; a backend that does not wait for the host is captured with it, another one is refused. */
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.empty();
    }

    /** The row types that it handles. */
    protected List<DType> rowTypes() {
        return List.of(DType.F32, DType.BF16);
    }

    /** The numbers of ranks to try. */
    protected List<Integer> groupSizes() {
        return List.of(1, 2, 3, 4);
    }

    /** How many exchanges each test for races makes. */
    protected int rounds() {
        return 40;
    }

    /** Opens the device. */
    @BeforeEach
    public void open() {
        kit = kit(deviceProvider().open(deviceConfig()));
    }

    /** Closes it. */
    @AfterEach
    public void close() {
        kit.device().close();
    }

    private CommKit kit(Device device) {
        return new CommKit(device, provider(), collectivesProvider(), captureProvider());
    }

    /** Id, version and probe keep the rules of providers. */
    @Test
    public void providerIsWellBehaved() {
        CommClaims.areConsistent(this::provider, deviceProvider().kind(), rowTypes());
    }

    /** The provider supports only kinds of devices for which it has kernels. */
    @Test
    public void supportsWhatItBrings() {
        new CommClaims(kit, CommCase.small(1)).supportsWhatItBrings();
    }

    /** The host waits only if the requirements say so. */
    @Test
    public void waitsForTheHostOnlyIfItSaysSo() {
        CommCase shape = CommCase.small(largest());
        kit.onAllRanks(shape, DType.F32, new CommClaims(kit, shape)::waitsForTheHostOnlyIfItSaysSo);
    }

    /**
     * The backend opens on a planning device, on which hosts determine the memory of a run before it begins. On the real device, an exchange takes no more
     * memory than there, whatever the routing.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> plannedMemoryIsEnough() {
        return planTests().plannedMemory(rowTypes());
    }

    /** Plans are kept until the step ends, whatever scopes close before. */
    @TestFactory
    public Stream<DynamicTest> plansOutliveScopes() {
        return planTests().outliveScopes();
    }

    /** A plan depends on the values of the ids, and not on their address. */
    @TestFactory
    public Stream<DynamicTest> plansReadTheIdsOfNow() {
        return planTests().readTheIdsOfNow();
    }

    /** Statistics cover all plans since the reset: the largest number of received rows, and the sum of dropped ones; so do those of rounds. */
    @TestFactory
    public Stream<DynamicTest> statisticsAreOfAllPlans() {
        return planTests().statistics();
    }

    /** A second exchange may be launched before the first has been awaited, in all four orders. */
    @TestFactory
    public Stream<DynamicTest> exchangesOverlap() {
        return exchangeTests(groupSizes()).overlap();
    }

    /**
     * Exchanges of a rank with a communication stream: they see earlier writes of the main stream, which sees their results after awaiting them. Ranks that
     * share a GPU have no such stream, so that only the CPU runs this with several ranks.
     */
    @TestFactory
    public Stream<DynamicTest> exchangesBesideTheMainStream() {
        List<Integer> sizes = deviceProvider().kind().equals(DeviceKind.CPU) ? groupSizes()
                : groupSizes().stream().filter(ranks -> ranks == 1).toList();
        return Stream.concat(exchangeTests(sizes).besideTheMainStream(),
                new CommRoundTests(kit, sizes, rowTypes()).besideTheMainStream());
    }

    /** On the CPU, ids outside the range of experts are refused. */
    @TestFactory
    public Stream<DynamicTest> refusesIdsOutOfRange() {
        Assumptions.assumeTrue(deviceProvider().kind().equals(DeviceKind.CPU), "only CPU kernels look at each id");
        CommCase shape = CommCase.small(1);
        return Stream.of(-1, shape.experts(), Integer.MAX_VALUE, Integer.MIN_VALUE).map(id -> dynamicTest("id " + id,
                () -> kit.onAllRanks(shape, DType.F32, rank -> new CommMisuse(kit, shape).idsOutOfRange(rank, id))));
    }

    /**
     * Rows that begin beyond 2³¹ bytes of a buffer are sent, received and brought back correctly. Never runs at the same time as another test that holds this
     * resource.
     */
    @Test
    @ResourceLock("gigabytes of memory")
    public void rowsBeyond31Bits() {
        Assumptions.assumeTrue(hasRoomForFarRows(kit.device()),
                "the machine has too little memory for rows that far apart");
        try (Device device = deviceProvider().open(deviceConfig().withStrict(false))) {
            CommFar.check(kit(device));
        }
    }

    /**
     * Whether {@link #rowsBeyond31Bits} is run: it writes 2 GiB into each buffer of received rows, and needs about 8 GiB if a backend copies
     * rows twice on
     * their way. Override it to return false on a small machine.
     */
    protected boolean hasRoomForFarRows(Device device) {
        return device.capacityBytes() >= 12L << 30;
    }

    /** There and back, for all kinds of routing and shapes, in all row types: plan, rows, scalars, sums and statistics. */
    @TestFactory
    public Stream<DynamicTest> exchanges() {
        return exchangeTests(groupSizes()).all();
    }

    /**
     * Rows of types with scales, if the provider supports them: numbers and scales arrive together. If it does not, it is not opened
     * for them.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> rowsWithScales() {
        return exchangeTests(groupSizes()).rowsWithScales();
    }

    /**
     * If the provider can send a row once to a rank with several of its experts: the rows that arrive and the sums that come back are the same, bit for
     * bit, for all kinds of routing, row types and capacities.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> rowsSentOnce() {
        Assumptions.assumeTrue(provider().sendsRowsOnce(), "the backend sends a row once for each expert");
        return new CommSentOnce(kit, groupSizes(), rowTypes()).tests();
    }

    /** Capacities exactly full, one row too small, and much too small, under either action; forced balance in its own capacity. */
    @TestFactory
    public Stream<DynamicTest> capacities() {
        return exchangeTests(groupSizes()).capacities();
    }

    /**
     * Exchanges in rounds, if the provider supports them: for all kinds of routing and capacities, down to one row, and in all row types,
     * the results have the bits of an exchange with room for the worst case.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> roundsEqualTheWorstCase() {
        return roundTests().equalTheWorstCase();
    }

    /**
     * Many exchanges back to back that need different numbers of rounds, with ranks that fall behind.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> roundsBackToBack() {
        return roundTests().backToBack(rounds() / 2);
    }

    /**
     * Rounds are captured once; each replay makes as many as it needs.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> roundsCaptured() {
        Assumptions.assumeTrue(captureProvider().isPresent() && !provider().requirements().synchronisesWithHost(),
                "the device has no graph capture, or the backend cannot be captured");
        return roundTests().captured(captureProvider().orElseThrow());
    }

    /**
     * Dispatches that keep their rows, if the backend supports them: eager and captured, sent once or not, in rounds, in all row types. Kept rows
     * have the definition's bits until they are released; padding is not written; the memory is what the backend says.
     *
     * @since 0.3.0
     */
    @TestFactory
    public Stream<DynamicTest> rowsKept() {
        return new CommKeptTests(kit, groupSizes(), rowTypes()).tests();
    }

    /** Dispatch and combine are each other's adjoint, dropped rows included. */
    @TestFactory
    public Stream<DynamicTest> adjoints() {
        return exchangeTests(groupSizes()).adjoints();
    }

    /** Rows beyond the received ones are not written. */
    @TestFactory
    public Stream<DynamicTest> paddingIsNotWritten() {
        return exchangeTests(groupSizes())
                .padding(() -> deviceProvider().open(deviceConfig().withStrict(false)));
    }

    /** Many exchanges back to back, with ranks that fall behind. */
    @TestFactory
    public Stream<DynamicTest> exchangesBackToBack() {
        return exchangeTests(groupSizes()).backToBack(rounds());
    }

    /** The backend can be captured and replayed, or the capture refuses it, as its requirements say. */
    @TestFactory
    public Stream<DynamicTest> capture() {
        Assumptions.assumeTrue(captureProvider().isPresent(), "the device has no graph capture");
        return exchangeTests(groupSizes()).captured(captureProvider().orElseThrow());
    }

    /** Wrong shapes and types are refused with a message, and later calls work. */
    @Test
    public void refusesShapesThatDoNotFit() {
        CommCase shape = CommCase.small(largest());
        kit.onAllRanks(shape, DType.F32, new CommMisuse(kit, shape)::shapes);
    }

    /** Plans and rows of another backend are refused; two backends on the same ranks do not affect each other. */
    @Test
    public void refusesStrangers() {
        CommCase shape = CommCase.small(largest());
        kit.onAllRanks(shape, DType.F32, new CommMisuse(kit, shape)::strangers);
        if (provider().supportsRounds(deviceProvider().kind())) {
            CommCase inRounds = CommRounds.of(shape, 5);
            kit.onAllRanks(inRounds, DType.F32, new CommMisuse(kit, inRounds)::roundsOfStrangers);
        }
    }

    /** Rows whose buffer the next dispatch has taken can no longer be read; without shared buffers they stay unchanged. */
    @Test
    public void leasesEnd() {
        CommCase shape = CommCase.small(largest());
        kit.onAllRanks(shape, DType.F32, new CommMisuse(kit, shape)::leases);
    }

    /** A closed backend refuses all calls, and says that it is closed. */
    @Test
    public void refusesToWorkWhenClosed() {
        CommCase shape = CommCase.small(largest());
        kit.onAllRanks(shape, DType.F32, new CommClosed(kit, shape)::on);
        if (provider().supportsRounds(deviceProvider().kind())) {
            CommCase inRounds = CommRounds.of(shape, 5);
            kit.onAllRanks(inRounds, DType.F32, new CommClosed(kit, inRounds)::on);
        }
    }

    /** Two groups, each of half of the world's ranks, exchange at the same time. */
    @Test
    public void groupsDoNotDisturbEachOther() {
        CommCase shape = CommCase.small(2);
        new CommOpening(kit, shape).partsOfTheWorld(
                rank -> new Group("halves", rank.rank() < 2 ? List.of(0, 1) : List.of(2, 3), rank.rank() % 2));
        new CommOpening(kit, shape).partsOfTheWorld(
                rank -> new Group("pairs", rank.rank() % 2 == 0 ? List.of(0, 2) : List.of(1, 3), rank.rank() / 2));
    }

    /** Closing gives back all memory. */
    @Test
    public void closingReleasesEverything() {
        try (Device device = deviceProvider().open(deviceConfig().withTimeout(WAITS_FOR_NOTHING))) {
            new CommOpening(kit(device), CommCase.small(largest())).closingReleasesEverything();
        }
    }

    /** If anything fails while it is opened, nothing remains allocated. */
    @Test
    public void openingHalfWayReleasesEverything() {
        new CommOpening(kit, CommCase.small(largest())).failsHalfWay();
    }

    /** Closing waits for the work that was launched. */
    @Test
    public void closingWaits() {
        Assumptions.assumeTrue(deviceProvider().kind().equals(DeviceKind.CPU),
                "only CPU kernels can wait for the host");
        Assumptions.assumeTrue(!provider().requirements().synchronisesWithHost(),
                "the backend waits for the host in each plan, so that nothing can be left");
        new CommOpening(kit, CommCase.small(largest())).closingWaits();
    }

    /** After a rank has failed during an exchange, closing throws nothing, and nothing remains allocated. */
    @Test
    public void closingAfterAFailureReleasesEverything() {
        new CommOpening(kit, CommCase.small(Math.max(2, largest()))).closingAfterAFailureReleasesEverything();
    }

    /** A number of experts that cannot be divided over the ranks, and missing collectives, are refused. */
    @Test
    public void refusesWhatItCannotDo() {
        new CommOpening(kit, CommCase.small(2)).refusesWhatItCannotDo();
    }

    /** If a rank throws, the others end with an error that names it. */
    @TestFactory
    public Stream<DynamicTest> aFailingRankEndsTheOthers() {
        return Stream.of(CommFailure.Before.values()).map(before -> dynamicTest("before " + before,
                () -> new CommFailure(kit, CommCase.small(largest()), largest() - 1).throwing(before)));
    }

    /** If a rank does not come, the others end at the time limit with an error that names it. */
    @TestFactory
    public Stream<DynamicTest> aMissingRankIsNamed() {
        return Stream.of(CommFailure.Before.values()).map(before -> dynamicTest("before " + before, () -> {
            try (Device device = deviceProvider().open(deviceConfig().withTimeout(SHORT))) {
                new CommFailure(kit(device), CommCase.small(largest()), 0).missing(before);
            }
        }));
    }

    private CommPlanTests planTests() {
        return new CommPlanTests(kit, groupSizes());
    }

    private CommExchangeTests exchangeTests(List<Integer> sizes) {
        return new CommExchangeTests(kit, sizes, rowTypes());
    }

    private CommRoundTests roundTests() {
        return new CommRoundTests(kit, groupSizes(), rowTypes());
    }

    private int largest() {
        return groupSizes().getLast();
    }
}
