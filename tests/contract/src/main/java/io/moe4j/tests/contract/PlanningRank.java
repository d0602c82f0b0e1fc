package io.moe4j.tests.contract;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A rank as it is when a host plans a run: its device is of kind {@link DeviceKind#PLANNING} and stands for the real one, enqueued work is dropped, and the
 * host reads zeros. Memory is that of the real device.
 */
final class PlanningRank {

    private PlanningRank() {}

    static RankContext of(RankContext rank) {
        return new RankContext(rank.world(), device(rank.device()), stream(rank.stream()), rank.memory(),
                rank.rendezvous());
    }

    static Optional<PeerGroup> peers(Optional<PeerGroup> real) {
        return real.map(peers -> Intercepted.of(PeerGroup.class, peers,
                (call, arguments) -> call.equals("barrier") ? null : Intercepted.CALL));
    }

    static Optional<Collectives> collectives(Optional<Collectives> real) {
        return real.map(collectives -> Intercepted.of(Collectives.class, collectives,
                (call, arguments) -> call.equals("group") ? Intercepted.CALL : null));
    }

    private static Device device(Device real) {
        return Intercepted.of(Device.class, real, (call, arguments) -> switch (call) {
            case "kind" -> DeviceKind.PLANNING;
            case "targetKind" -> real.kind();
            case "openStream" -> stream(real.openStream((String) arguments[0]));
            case "openCopyStream" -> stream(real.openCopyStream((String) arguments[0]));
            case "openCommunicationStream" -> stream(real.openCommunicationStream((String) arguments[0]));
            case "ops" -> nothing(real.ops().getClass().getInterfaces()[0]);
            default -> Intercepted.CALL;
        });
    }

    private static Stream stream(Stream real) {
        return Intercepted.of(Stream.class, real, (call, arguments) -> switch (call) {
            case "launch", "copy", "fill", "upload", "synchronize", "await", "leaveMultiprocessors" -> null;
            case "download" -> zeros((Tensor) arguments[0], (MemorySegment) arguments[1]);
            case "repeat" -> once((Runnable) arguments[1]);
            default -> Intercepted.CALL;
        });
    }

    private static @Nullable Object zeros(Tensor source, MemorySegment destination) {
        destination.asSlice(0, source.bytes()).fill((byte) 0);
        return null;
    }

    private static @Nullable Object once(Runnable body) {
        body.run();
        return null;
    }

    /** An object whose methods do nothing, and return further such objects. */
    private static Object nothing(Class<?> type) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            Class<?> answer = method.getReturnType();
            return answer.isInterface() ? nothing(answer) : answer == Optional.class ? Optional.empty()
                    : answer == boolean.class ? (Object) false : answer == long.class ? (Object) 0L : null;
        });
    }
}
