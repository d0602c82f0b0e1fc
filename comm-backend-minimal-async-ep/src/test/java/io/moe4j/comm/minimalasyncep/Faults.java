package io.moe4j.comm.minimalasyncep;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.comm.CommContext;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.tests.contract.CommBackendContract;
import io.moe4j.tests.contract.Planted;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** The faults that the kit must find, each in the test that is meant for it, and for the given reason. */
final class Faults {
    private static final Tests EXCHANGES = CommBackendContract::exchanges;
    private static final Tests CAPACITIES = CommBackendContract::capacities;
    private static final Tests ROUNDS = CommBackendContract::roundsEqualTheWorstCase;
    private static final Tests ROUND_RACES = CommBackendContract::roundsBackToBack;
    private static final Tests ROUND_CAPTURE = CommBackendContract::roundsCaptured;
    private static final Tests KEPT = CommBackendContract::rowsKept;
    private static final Tests RACES = CommBackendContract::exchangesBackToBack;
    private static final Tests ADJOINTS = CommBackendContract::adjoints;
    private static final Tests PADDING = CommBackendContract::paddingIsNotWritten;
    private static final Tests SCOPES = CommBackendContract::plansOutliveScopes;
    private static final Tests PLANNED = CommBackendContract::plannedMemoryIsEnough;
    private static final Tests IDS = CommBackendContract::plansReadTheIdsOfNow;
    private static final Tests STATISTICS = CommBackendContract::statisticsAreOfAllPlans;
    private static final Tests CAPTURE = CommBackendContract::capture;
    private static final Tests OVERLAP = CommBackendContract::exchangesOverlap;
    private static final Tests BESIDE = CommBackendContract::exchangesBesideTheMainStream;
    private static final Tests SCALED = CommBackendContract::rowsWithScales;
    private static final Tests ONCE = CommBackendContract::rowsSentOnce;
    private static final Tests CLOSED = one(CommBackendContract::refusesToWorkWhenClosed);
    private static final Tests OUT_OF_RANGE = CommBackendContract::refusesIdsOutOfRange;

    private Faults() {}

    /** Tests of the kit. */
    interface Tests extends Function<CommBackendContract, Stream<DynamicTest>> {}

    private static Tests one(Consumer<CommBackendContract> test) {
        return kit -> Stream.of(dynamicTest("it", () -> test.accept(kit)));
    }

    /** Separate from the others, because the test writes 4 GiB of rows before it finds the fault. */
    static Fault shortOffsets() {
        return Fault.of("row offsets of 32 bits", one(CommBackendContract::rowsBeyond31Bits), "which begins at byte")
                .kernel("dispatch_rows", Kernels::shortOffsets);
    }

    static List<Fault> all() {
        return List.of(
                // Counts and order.
                Fault.of("counts one row too few of expert 0", EXCHANGES, "offsets_e|tokensPerExpert_E")
                        .kernel("count_rows", Kernels::countsOneTooFew),
                Fault.of("tokens of this rank instead of all ranks", EXCHANGES, "tokensPerExpert_E")
                        .kernel("place_segments", Kernels::ownTokensOnly),
                Fault.of("offsets without the last row", EXCHANGES, "offsets_e")
                        .kernel("place_segments", Kernels::offsetsOneTooFew),
                Fault.of("the sort is not stable", EXCHANGES, "rows_RD.*; row [0-9]+ has what belongs into row [0-9]+")
                        .kernel("place_rows", Kernels::swapsTies),
                Fault.of("sources in another order", EXCHANGES, "rows_RD|weights_R")
                        .kernel("place_segments", Kernels::sourcesBackwards),
                Fault.of("ids out of range go to the last expert", OUT_OF_RANGE, "a plan of ids with")
                        .kernel("count_rows", Kernels::clampsIds).kernel("place_rows", Kernels::clampsIds),
                // Capacity.
                Fault.of("a row beyond the capacity", CAPACITIES, "out_TD|written past its end")
                        .kernel("place_rows", Kernels::sendsOneMore).kernel("dispatch_rows", Kernels::widerWindow)
                        .kernel("combine_whole_f32", Kernels::widerWindow),
                // Rounds.
                Fault.of("each rank makes its own number of rounds", ROUNDS, "rows_RD of round|out_TD")
                        .kernel("plan_rounds", Kernels::ownRounds),
                Fault.of("one round too few", ROUNDS, "rows_RD of round|out_TD").kernel("plan_rounds",
                        Kernels::oneRoundTooFew),
                Fault.of("offsets of a round without its last row", ROUNDS, "offsets_e of round")
                        .kernel("open_round", Kernels::roundOneTooFew),
                Fault.of("no rows before", ROUNDS, "before_1 of round").kernel("open_round", Kernels::nothingBefore),
                Fault.of("a round with one row more than the buffer", ROUNDS, "rows_RD|written past its end")
                        .kernel("dispatch_rows", Kernels::widerWindow),
                Fault.of("the last round forgets what waits", ROUNDS, "out_TD")
                        .kernel("combine_f32", Kernels::forgetsWhatWaits),
                Fault.of("no barrier before a round", ROUND_RACES, "of exchange").withoutBarrier("dispatch, buffer"),
                Fault.of("no barrier after the experts of a round", ROUND_RACES, "of exchange")
                        .withoutBarrier("combine, experts"),
                Fault.of("one round too few, captured", ROUND_CAPTURE, "of exchange")
                        .kernel("plan_rounds", Kernels::oneRoundTooFew),
                Fault.of("no barrier before a round, captured", ROUND_CAPTURE, "of exchange")
                        .withoutBarrier("dispatch, buffer"),
                Fault.of("one row less than the capacity", CAPACITIES, "rows_RD|weights_R|out_TD")
                        .kernel("place_rows", Kernels::sendsOneLess),
                Fault.of("drops the first rows, not the last ones", CAPACITIES, "rows_RD|weights_R|out_TD")
                        .kernel("place_rows", Kernels::dropsTheFirst),
                Fault.of("capacityRows() is one more", EXCHANGES, "capacityRows")
                        .wrapped((backend, context) -> new Wrapped(backend, context).capacity(1)),
                Fault.of("drops the last row of an expert that gets everything", EXCHANGES, "rows_RD|out_TD|offsets_e")
                        .kernel("place_rows", Kernels::dropsTheLastOfMany),
                // Statistics.
                Fault.of("the rounds of the last plan", STATISTICS, "roundStatistics after several plans")
                        .kernel("plan_rounds", real -> Kernels.roundStatistics(real,
                                (before, now) -> new long[] {before[0] + now[0], before[1] + now[1], now[2]})),
                Fault.of("the most rounds of the first three plans", STATISTICS, "roundStatistics after several plans")
                        .kernel("plan_rounds",
                                real -> Kernels.roundStatistics(real,
                                        (before, now) -> new long[] {before[0] + now[0], before[1] + now[1],
                                                before[0] < 3 ? Math.max(before[2], now[2]) : before[2]})),
                Fault.of("whether any plan had several rounds", STATISTICS, "roundStatistics after several plans")
                        .kernel("plan_rounds", real -> Kernels.roundStatistics(real, (before, now) -> new long[] {
                                before[0] + now[0], Math.max(before[1], now[1]), Math.max(before[2], now[2])})),
                Fault.of("statistics of the last plan", STATISTICS, "statistics after several plans")
                        .kernel("place_segments", real -> Kernels.statistics(real, (before, now) -> now)),
                Fault.of("the sum of what plans wanted", STATISTICS, "statistics after several plans")
                        .kernel("place_segments", real -> Kernels.statistics(real,
                                (before, now) -> new long[] {before[0] + now[0], before[1] + now[1]})),
                Fault.of("dropped rows of the last plan", STATISTICS, "statistics after several plans")
                        .kernel("place_segments", real -> Kernels.statistics(real,
                                (before, now) -> new long[] {Math.max(before[0], now[0]), now[1]})),
                Fault.of("dropped rows are not counted", CAPACITIES, "statistics")
                        .kernel("place_segments", real -> Kernels.statistics(real,
                                (before, now) -> new long[] {Math.max(before[0], now[0]), 0})),
                Fault.of("the reset forgets the dropped rows", STATISTICS, "statistics after a reset")
                        .wrapped((backend, context) -> new Wrapped(backend, context).resetsHalf()),
                // Rows, sums and scalars.
                Fault.of("a row twice", EXCHANGES, "rows_RD")
                        .wrapped((backend, context) -> new Wrapped(backend, context).received(Wrapped::repeats)),
                Fault.of("a row twice, seen by the adjoint", ADJOINTS, "not the adjoint of dispatch")
                        .wrapped((backend, context) -> new Wrapped(backend, context).received(Wrapped::repeats)),
                Fault.of("scalars of the first plan only", IDS, "weights_R of layer 1")
                        .wrapped((backend, context) -> new Wrapped(backend, context).scalarsOfTheFirstPlan()),
                Fault.of("forgets the scalars", EXCHANGES, "scalars_TK")
                        .wrapped((backend, context) -> new Wrapped(backend, context).withoutScalars()),
                Fault.of("scores of another slot", EXCHANGES, "weights_R").kernel("dispatch_rows", Kernels::nextWeight),
                Fault.of("gradients of scores in another slot", EXCHANGES, "scalars_TK")
                        .kernel("combine_whole_f32", Kernels::swapsScalars)
                        .kernel("combine_whole_bf16", Kernels::swapsScalars),
                Fault.of("counts of 16 bits", EXCHANGES, "offsets_e|tokensPerExpert_E")
                        .kernel("place_segments", Kernels::countsOf16Bits),
                Fault.of("infinite sums become 0", EXCHANGES, "is 0.0, expected Infinity")
                        .kernel("combine_whole_f32", real -> Kernels.losesSums(real,
                                (slots, sum) -> Float.isInfinite(sum))),
                Fault.of("sums below the normal numbers become 0", EXCHANGES, "is 0.0, expected -?[0-9.]+E-")
                        .kernel("combine_whole_f32", real -> Kernels.losesSums(real,
                                (slots, sum) -> Math.abs(sum) < Float.MIN_NORMAL)),
                Fault.of("sums of more than eight slots become 0", EXCHANGES, "out_TD")
                        .kernel("combine_whole_f32", real -> Kernels.losesSums(real, (slots, sum) -> slots > 8)),
                Fault.of("sums in the reverse order of slots", EXCHANGES, "out_TD")
                        .kernel("combine_whole_f32", real -> Kernels.combine(true, false)),
                Fault.of("bf16 is rounded after each addition", EXCHANGES, "out_TD")
                        .kernel("combine_whole_bf16", real -> Kernels.combine(false, true)),
                Fault.of("writes padding", PADDING, "lies beyond the")
                        .wrapped((backend, context) -> new Wrapped(backend, context).received(Wrapped::writesPadding)),
                Fault.of("writes NaN to padding, as a copy of poisoned scratch does", PADDING, "lies beyond the")
                        .wrapped((backend, context) -> new Wrapped(backend, context).received(Wrapped::spoilsPadding)),
                Fault.of("changes what it sends", EXCHANGES, "rows_RD|x_TD, which is read only")
                        .wrapped((backend, context) -> new Wrapped(backend, context).clearsSent()),
                Fault.of("returns a copy of out", EXCHANGES, "what combine returns")
                        .wrapped((backend, context) -> new Wrapped(backend, context).returnsAnother()),
                // Scales.
                Fault.of("scales of another row", SCALED, "\\bscales of rows_RD")
                        .wrapped(
                                (backend, context) -> new Wrapped(backend, context).received(Wrapped::exchangesScales)),
                Fault.of("scales dropped", SCALED, "without scales; the scales of dispatched rows arrive")
                        .wrapped((backend, context) -> new Wrapped(backend, context).withoutScales()),
                Fault.of("scales of the dispatch before", SCALED, "\\bscales of rows_RD")
                        .kernel("dispatch_rows", Kernels::staleScales),
                Fault.of("outputs come back from where rows of another type lie", SCALED, "out_TD")
                        .wrapped((backend, context) -> new Wrapped(backend, context).outputsElsewhere()),
                // Rows that are sent once.
                Fault.of("copies are not spread", ONCE, "rows_RD").kernel("spread_rows", real -> launch -> {}),
                Fault.of("only one copy of each row is spread", ONCE, "rows_RD")
                        .kernel("spread_rows", Kernels::spreadsOne),
                Fault.of("scales are not spread", ONCE, "\\bscales of rows_RD")
                        .kernel("spread_rows", Kernels::spreadsTheWidest),
                Fault.of("only the first slot has its weight", ONCE, "weights_R")
                        .kernel("dispatch_rows_once", Kernels::weightsOfTheSent),
                Fault.of("rows are spread before they have arrived", ONCE, "of round|rows_RD")
                        .withoutBarrier("dispatch, rows"),
                // Rows that are kept.
                Fault.of("one place for all kept rows", KEPT, "of kept dispatch").on(Faults::onePlace),
                Fault.of("outputs over kept rows", KEPT, "sent back of kept dispatch")
                        .wrapped((backend, context) -> new Wrapped(backend, context).outputsOverKeptRows()),
                Fault.of("kept rows are never released", KEPT, "after the rows of earlier ones were released")
                        .wrapped((backend, context) -> new Wrapped(backend, context).neverReleases()),
                Fault.of("kept rows take more than is said", KEPT, "beside keptBytes")
                        .wrapped((backend, context) -> new Wrapped(backend, context).keptBytes(0.9)),
                Fault.of("kept rows are not spread", KEPT, "of kept dispatch|rows_RD")
                        .kernel("spread_rows", real -> launch -> {}),
                Fault.of("writes padding of kept rows", KEPT, "lies beyond the")
                        .wrapped((backend, context) -> new Wrapped(backend, context).received(Wrapped::writesPadding)),
                Fault.of("kept rows are combined from a buffer that another dispatch has taken", KEPT,
                        "outputs of kept rows in a buffer")
                        .wrapped((backend, context) -> new Wrapped(backend, context).outputsForEver()),
                Fault.of("kept rows are read after their release", KEPT, "kept rows are read after")
                        .wrapped((backend, context) -> new Wrapped(backend, context).readsReleased()),
                // Plans.
                Fault.of("a plan in scoped memory", SCOPES, "temporaries held after plan")
                        .wrapped((backend, context) -> new Wrapped(backend, context).scopedPlans()),
                Fault.of("combine holds memory", SCOPES, "temporaries held after combine")
                        .wrapped((backend, context) -> new Wrapped(backend, context).holdsAfterCombine()),
                Fault.of("a plan cached by the address of its ids", IDS, "whose ids were in the same tensor")
                        .wrapped((backend, context) -> new Wrapped(backend, context).cachesPlans()),
                Fault.of("a plan cached by the address of its ids, captured", CAPTURE,
                        "of replay|of the second plan of a replay")
                        .wrapped((backend, context) -> new Wrapped(backend, context).cachesPlans()),
                Fault.of("opens only where kernels run", PLANNED, "ask targetKind\\(\\) for what is supported")
                        .wrapped((backend, context) -> {
                            if (!context.rank().device().kind().equals(DeviceKind.CPU)) {
                                throw new DeviceException("not on " + context.rank().device().kind());
                            }
                            return backend;
                        }),
                Fault.of("takes memory by what the host reads", PLANNED, "and [0-9]+ were planned")
                        .wrapped((backend, context) -> new Wrapped(backend, context).takesAsMuchAsTheHostReads()),
                // Order between ranks, streams, exchanges.
                Fault.of("no barrier before counts are overwritten", RACES, "of round")
                        .withoutBarrier("plan, counts may"),
                Fault.of("no barrier after counts", RACES, "of round").withoutBarrier("plan, counts have"),
                Fault.of("no barrier before a buffer is overwritten", RACES, "of round")
                        .withoutBarrier("dispatch, buffer"),
                Fault.of("no barrier after rows", RACES, "of round").withoutBarrier("dispatch, rows"),
                Fault.of("no barrier after the experts", RACES, "of round").withoutBarrier("combine, experts"),
                Fault.of("reads what it sends on a stream of its own", RACES, "of round")
                        .wrapped((backend, context) -> new Wrapped(backend, context).copiesElsewhere()),
                Fault.of("begins before the main stream has written what is sent", BESIDE, "beside the main stream")
                        .withoutAwait(false),
                Fault.of("the main stream goes on before rows have arrived", BESIDE, "beside the main stream")
                        .withoutAwait(true),
                Fault.of("takes every exchange for one that may run beside the main stream", BESIDE,
                        "in the order of the main stream")
                        .wrapped((backend, context) -> new Wrapped(backend, context).alwaysBeside()),
                Fault.of("a pending dispatch is a field", OVERLAP, "of exchange")
                        .wrapped((backend, context) -> new Wrapped(backend, context).oneDispatch()),
                Fault.of("a pending combine is a field", OVERLAP, "of exchange")
                        .wrapped((backend, context) -> new Wrapped(backend, context).oneCombine()),
                Fault.of("a combine begins when it is awaited", OVERLAP, "cannot be awaited|of exchange")
                        .wrapped((backend, context) -> new Wrapped(backend, context).lazyCombine()),
                // Closed backends, and those of others.
                Fault.of("dispatches when it is closed", CLOSED, "has to refuse dispatch")
                        .wrapped((backend, context) -> new Wrapped(backend, context).worksWhenClosed("dispatch")),
                Fault.of("combines when it is closed", CLOSED, "has to refuse combine")
                        .wrapped((backend, context) -> new Wrapped(backend, context).worksWhenClosed("combine")),
                Fault.of("awaits when it is closed", CLOSED, "has to refuse await")
                        .wrapped((backend, context) -> new Wrapped(backend, context).worksWhenClosed("await")),
                Fault.of("makes rounds when it is closed", CLOSED, "has to refuse furtherRounds")
                        .wrapped((backend, context) -> new Wrapped(backend, context).worksWhenClosed("furtherRounds")),
                Fault.of("has statistics of rounds when it is closed", CLOSED, "has to refuse roundStatistics")
                        .wrapped((backend, context) -> new Wrapped(backend, context)
                                .worksWhenClosed("roundStatistics")),
                Fault.of("makes rounds of others' plans", one(CommBackendContract::refusesStrangers),
                        "does not fit, because of plan")
                        .wrapped((backend, context) -> new Wrapped(backend, context).roundsOfAnyPlan()),
                // The host.
                Fault.of("waits for the host", one(CommBackendContract::waitsForTheHostOnlyIfItSaysSo),
                        "times that the host waited")
                        .wrapped((backend, context) -> new Wrapped(backend, context).waits()),
                Fault.of("claims every kind of device", one(CommBackendContract::supportsWhatItBrings),
                        "no provider can know that kind").claims(Fault.Claim.EVERY_KIND),
                // Opening and closing.
                Fault.of("leaks memory", one(CommBackendContract::closingReleasesEverything), "memory held by purpose")
                        .wrapped((backend, context) -> {
                            Memory leaked = context.rank().device().allocate(100, "leaked");
                            assert leaked.isLive();
                            return backend;
                        }),
                Fault.of("never closes peer memory", one(CommBackendContract::closingReleasesEverything),
                        "memory held by purpose").on(Faults::peerMemoryStays),
                Fault.of("leaves a stream open", one(CommBackendContract::closingReleasesEverything), "still open")
                        .wrapped((backend, context) -> {
                            io.moe4j.api.device.Stream stream = context.rank().device().openStream("forgotten");
                            assert stream.hostSyncs() == 0;
                            return backend;
                        }),
                Fault.of("leaves kernels loaded", one(CommBackendContract::closingReleasesEverything), "still open")
                        .wrapped((backend, context) -> {
                            context.rank().device().load(EpKernels.source());
                            return backend;
                        }),
                Fault.of("waits for the others each time that it is closed",
                        one(CommBackendContract::closingReleasesEverything), "a second close does nothing")
                        .wrapped((backend, context) -> new Wrapped(backend, context).closesTogether()),
                Fault.of("does not wait when it closes", one(CommBackendContract::closingWaits),
                        "close\\(\\) returned while")
                        .wrapped((backend, context) -> new Wrapped(backend, context).closesLater()),
                Fault.of("throws when it closes after a failure",
                        one(CommBackendContract::closingAfterAFailureReleasesEverything), "what closing threw")
                        .wrapped((backend, context) -> new Wrapped(backend, context).closesLoudly()),
                Fault.of("leaks after a failure", one(CommBackendContract::closingAfterAFailureReleasesEverything),
                        "memory held after a rank had failed")
                        .wrapped((backend, context) -> new Wrapped(backend, context).leaksAfterFailures()),
                Fault.of("one buffer for activations and gradients", one(CommBackendContract::leasesEnd),
                        "rows after a dispatch into the other buffer")
                        .on(Faults::oneBuffer),
                Fault.of("takes buffers over, and does not say so", one(CommBackendContract::leasesEnd),
                        "Say withFullRecompute").claims(Fault.Claim.ROWS_STAY));
    }

    private static CommContext with(CommContext given, Function<PeerGroup, PeerGroup> peers) {
        return new CommContext(given.rank(), given.group(), given.peers().map(peers), given.collectives());
    }

    private static CommContext peerMemoryStays(CommContext given) {
        return with(given,
                peers -> Planted.instead(PeerGroup.class, peers, (method, arguments) -> method.equals("allocate")
                        ? unclosed(peers.allocate((long) arguments[0], (String) arguments[1]))
                        : Planted.CALL));
    }

    /** A proxy for all interfaces of the memory, because the device needs more than the API's interface. Closing it does nothing. */
    private static SymmetricMemory unclosed(SymmetricMemory memory) {
        return (SymmetricMemory) Proxy.newProxyInstance(memory.getClass().getClassLoader(),
                memory.getClass().getInterfaces(),
                (proxy, method, arguments) -> method.getName().equals("close")
                        ? null
                        : openly(method).invoke(memory, arguments));
    }

    private static java.lang.reflect.Method openly(java.lang.reflect.Method method) {
        method.setAccessible(true);
        return method;
    }

    private static CommContext onePlace(CommContext given) {
        SymmetricMemory[] first = new SymmetricMemory[1];
        return with(given, peers -> Planted.instead(PeerGroup.class, peers, (method, arguments) -> {
            if (!method.equals("allocate") || !arguments[1].equals("kept expert rows")) {
                return Planted.CALL;
            }
            if (first[0] == null) {
                first[0] = peers.allocate((long) arguments[0], (String) arguments[1]);
            }
            return first[0];
        }));
    }

    private static CommContext oneBuffer(CommContext given) {
        SymmetricMemory[] first = new SymmetricMemory[1];
        return with(given, peers -> Planted.instead(PeerGroup.class, peers, (method, arguments) -> {
            if (!method.equals("allocate") || !((String) arguments[1]).matches("receive buffer: [a-z]+")) {
                return Planted.CALL;
            }
            if (first[0] == null) {
                first[0] = peers.allocate((long) arguments[0], (String) arguments[1]);
            }
            return first[0];
        }));
    }
}
