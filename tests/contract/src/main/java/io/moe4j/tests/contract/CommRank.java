package io.moe4j.tests.contract;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A backend that is open for one rank, with the peers and collectives that it uses. */
final class CommRank implements AutoCloseable {
    private final RankContext context;
    private final Group group;
    private final Foundation foundation;
    private final CommBackend backend;
    private final HostValues values;
    private final boolean worstCaseOnly;

    private CommRank(CommKit kit, CommConfig config, RankContext context, Group group, UnaryOperator<Device> seen) {
        this.context = context;
        this.group = group;
        worstCaseOnly = kit.provider().requirements().worstCaseOnly();
        foundation = Foundation.open(kit, context, group);
        values = new HostValues(context.device(), context.stream());
        try {
            RankContext shown = new RankContext(context.world(), seen.apply(context.device()), context.stream(),
                    context.memory(), context.rendezvous());
            shown = context.communication().map(shown::withCommunication).orElse(shown);
            backend = kit.provider().open(config, foundation.context(shown, group));
        } catch (RuntimeException | Error e) {
            closeFoundation();
            throw e;
        }
    }

    /**
     * The objects that a backend uses: the host opens them, and closes them after the backend.
     *
     * @param peers peer memory, if the backend needs it
     * @param collectives collectives, if the backend needs them
     */
    record Foundation(Optional<PeerGroup> peers, Optional<Collectives> collectives) implements AutoCloseable {

        static Foundation open(CommKit kit, RankContext context, Group group) {
            CommRequirements needs = kit.provider().requirements();
            Optional<PeerGroup> peers = needs.needsPeerMemory()
                    ? Optional.of(context.device().openPeerGroup(group, context.rendezvous()))
                    : Optional.empty();
            Optional<Collectives> collectives = needs.needsCollectives()
                    ? Optional.of(kit.collectives().orElseThrow(() -> new AssertionError(kit.provider().id()
                            + " needs collectives; override collectivesProvider()")).open(group, context))
                    : Optional.empty();
            return new Foundation(peers, collectives);
        }

        CommContext context(RankContext rank, Group group) {
            return new CommContext(rank, group, peers, collectives);
        }

        @Override
        public void close() {
            collectives.ifPresent(Collectives::close);
            peers.ifPresent(PeerGroup::close);
        }
    }

    /** A check that runs on each rank. */
    @FunctionalInterface
    interface Check {
        void on(CommRank rank) throws Exception;
    }

    /** Opens the backend, runs {@code check}, and closes it; the other ranks are told of a failure before anything is closed. */
    static boolean with(CommKit kit, CommConfig config, RankContext context, Group group, Check check)
            throws Exception {
        CommRank rank = open(kit, config, context, group);
        try {
            check.on(rank);
            // There is a test of its own for a backend whose close does not wait; here it must not crash the JVM.
            context.stream().synchronize();
        } catch (Throwable e) {
            context.rendezvous().fail(new RankFailure(context.rank(), "contract", String.valueOf(e)));
            try {
                rank.close();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
        rank.close();
        return true;
    }

    static CommRank open(CommKit kit, CommConfig config, RankContext context, Group group) {
        return new CommRank(kit, config, context, group, UnaryOperator.identity());
    }

    /** @param seen the device as the backend sees it */
    static CommRank open(CommKit kit, CommConfig config, RankContext context, UnaryOperator<Device> seen) {
        return new CommRank(kit, config, context, context.world(), seen);
    }

    RankContext context() {
        return context;
    }

    int index() {
        return group.index();
    }

    /** Whether the backend says that it supports only the worst-case capacity. */
    boolean isWorstCaseOnly() {
        return worstCaseOnly;
    }

    CommBackend backend() {
        return backend;
    }

    Stream stream() {
        return context.stream();
    }

    MemoryStack memory() {
        return context.memory();
    }

    HostValues values() {
        return values;
    }

    double[] read(Tensor tensor) {
        return HostValues.read(stream(), tensor);
    }

    /** Fails at the first element that is not the expected one; NaN fails. */
    void expect(String what, double[] expected, Tensor actual) {
        expect(what, expected, read(actual), actual.rank() == 2 ? Math.toIntExact(actual.dim(1)) : 1);
    }

    void expect(String what, double[] expected, double[] actual) {
        expect(what, expected, actual, 1);
    }

    private void expect(String what, double[] expected, double[] actual, int width) {
        for (int i = 0; i < Math.max(expected.length, actual.length); i++) {
            if (i >= expected.length || i >= actual.length || !(expected[i] == actual[i])) {
                throw new AssertionError("rank " + index() + ": " + what + "[" + i + "] is "
                        + (i < actual.length ? actual[i] : "missing") + ", expected "
                        + (i < expected.length ? expected[i] : "nothing") + "; lengths " + actual.length + " and "
                        + expected.length + inRow(expected, actual, i / Math.max(1, width), width));
            }
        }
    }

    /** Which row it is, and whether it is that of another place: then rows are in another order, and not wrong in themselves. */
    private static String inRow(double[] expected, double[] actual, int row, int width) {
        if (width <= 1 || (row + 1) * width > Math.min(expected.length, actual.length)) {
            return "";
        }
        for (int other = 0; other < expected.length / width; other++) {
            if (Arrays.equals(actual, row * width, (row + 1) * width, expected, other * width, (other + 1) * width)) {
                return "; row " + row + " has what belongs into row " + other;
            }
        }
        return "; this is row " + row + ", which has what belongs into no row";
    }

    /** Closes the backend twice, then the objects that it uses. */
    @Override
    public void close() {
        try {
            closeBackend();
        } finally {
            closeFoundation();
        }
    }

    /** Closes the backend twice, and leaves the objects that it uses open. */
    void closeBackend() {
        backend.close();
        backend.close();
    }

    private void closeFoundation() {
        try {
            values.close();
        } finally {
            foundation.close();
        }
    }
}
