package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.comm.support.ForwardingCommBackendProvider;
import io.moe4j.api.device.CpuKernel;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.tests.contract.CommBackendContract;
import io.moe4j.tests.contract.Planted;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * A planted fault: the real backend with one thing wrong.
 *
 * @param name what is wrong
 * @param test the tests of the kit that must find it
 * @param reason words of the assertion that finds it, as a regular expression
 * @param context changes the context in which the backend is opened
 * @param kernels the replaced kernels, by name
 * @param wrap wraps the backend
 * @param claim a false claim of the provider
 */
record Fault(String name, Function<CommBackendContract, Stream<DynamicTest>> test, String reason,
        UnaryOperator<CommContext> context, Map<String, UnaryOperator<CpuKernel>> kernels,
        BiFunction<CommBackend, CommContext, CommBackend> wrap, Claim claim) {

    /** A claim of the provider that is not true. */
    enum Claim {
        TRUE, EVERY_KIND, ROWS_STAY
    }

    static Fault of(String name, Function<CommBackendContract, Stream<DynamicTest>> test, String reason) {
        return new Fault(name, test, reason, UnaryOperator.identity(), Map.of(), (backend, context) -> backend,
                Claim.TRUE);
    }

    Fault on(UnaryOperator<CommContext> changed) {
        return new Fault(name, test, reason, changed, kernels, wrap, claim);
    }

    Fault kernel(String kernel, UnaryOperator<CpuKernel> replacement) {
        Map<String, UnaryOperator<CpuKernel>> more = new HashMap<>(kernels);
        more.put(kernel, replacement);
        return new Fault(name, test, reason, context, more, wrap, claim);
    }

    Fault wrapped(BiFunction<CommBackend, CommContext, CommBackend> wrapper) {
        return new Fault(name, test, reason, context, kernels, wrapper, claim);
    }

    Fault claims(Claim what) {
        return new Fault(name, test, reason, context, kernels, wrap, what);
    }

    /** Barriers of one phase do nothing, and ranks are delayed in turn. */
    Fault withoutBarrier(String phase) {
        return on(given -> new CommContext(given.rank(), given.group(),
                given.peers().map(peers -> Planted.withoutBarrier(peers, given.rank().device(), phase)),
                given.collectives()));
    }

    /** The stream for communication, or the main one, does not wait for the other. */
    Fault withoutAwait(boolean ofMain) {
        return on(given -> {
            RankContext rank = given.rank();
            if (rank.communication().isEmpty()) {
                return given;
            }
            io.moe4j.api.device.Stream real = rank.communication().get();
            io.moe4j.api.device.Stream main = ofMain ? withoutAwait(rank.stream()) : rank.stream();
            io.moe4j.api.device.Stream beside = ofMain ? real : withoutAwait(real);
            PeerGroup peers = Planted.instead(PeerGroup.class, given.peers().orElseThrow(), (method, arguments) -> {
                if (!method.equals("barrier")) {
                    return Planted.CALL;
                }
                given.peers().get().barrier(beside.equals(arguments[0]) ? real : rank.stream(), (String) arguments[1]);
                return null;
            });
            return new CommContext(new RankContext(rank.world(), rank.device(), main, rank.memory(), rank.rendezvous())
                    .withCommunication(beside), given.group(), Optional.of(peers), given.collectives());
        });
    }

    private static io.moe4j.api.device.Stream withoutAwait(io.moe4j.api.device.Stream stream) {
        return Planted.instead(io.moe4j.api.device.Stream.class, stream,
                (method, arguments) -> method.equals("await") ? null : Planted.CALL);
    }

    @Override
    public String toString() {
        return name;
    }

    CommBackendProvider provider() {
        return new Provider(this);
    }

    private CommContext contextWithKernels(CommContext given) {
        if (kernels.isEmpty()) {
            return given;
        }
        RankContext rank = given.rank();
        Device device = Planted.instead(Device.class, rank.device(), (method, arguments) -> method.equals("load")
                ? rank.device().load(replaced((KernelSource) arguments[0]))
                : Planted.CALL);
        return new CommContext(new RankContext(rank.world(), device, rank.stream(), rank.memory(), rank.rendezvous()),
                given.group(), given.peers(), given.collectives());
    }

    private KernelSource replaced(KernelSource source) {
        Map<String, CpuKernel> all = new HashMap<>(source.cpu());
        kernels.forEach((kernel, replacement) -> all.computeIfPresent(kernel, (key, real) -> replacement.apply(real)));
        return new KernelSource(source.name(), all, source.binaries());
    }

    private static final class Provider extends ForwardingCommBackendProvider {
        private final Fault fault;

        Provider(Fault fault) {
            super(new MinimalAsyncEpProvider());
            this.fault = fault;
        }

        @Override
        public String id() {
            return "planted";
        }

        @Override
        public String spiVersion() {
            return CommBackendProvider.SPI_VERSION;
        }

        @Override
        public boolean supports(DeviceKind kind) {
            return fault.claim() == Claim.EVERY_KIND || super.supports(kind);
        }

        @Override
        public CommRequirements requirements() {
            CommRequirements needs = super.requirements();
            return fault.claim() == Claim.ROWS_STAY
                    ? new CommRequirements(needs.synchronisesWithHost(), false, needs.needsPeerMemory(),
                            needs.needsCollectives(), needs.worstCaseOnly())
                    : needs;
        }

        @Override
        protected CommContext contextFor(CommContext context) {
            return fault.contextWithKernels(fault.context().apply(context));
        }

        @Override
        protected CommBackend wrap(CommBackend backend, CommConfig config, CommContext context) {
            return fault.wrap().apply(backend, context);
        }
    }
}
