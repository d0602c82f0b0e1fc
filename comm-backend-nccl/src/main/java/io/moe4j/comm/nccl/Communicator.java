package io.moe4j.comm.nccl;

import static org.bytedeco.cuda.global.nccl.NCCL_API_MAGIC;
import static org.bytedeco.cuda.global.nccl.NCCL_UNIQUE_ID_BYTES;
import static org.bytedeco.cuda.global.nccl.NCCL_VERSION_CODE;
import static org.bytedeco.cuda.global.nccl.ncclCommAbort;
import static org.bytedeco.cuda.global.nccl.ncclCommDestroy;
import static org.bytedeco.cuda.global.nccl.ncclCommFinalize;
import static org.bytedeco.cuda.global.nccl.ncclCommGetAsyncError;
import static org.bytedeco.cuda.global.nccl.ncclCommInitRankConfig;
import static org.bytedeco.cuda.global.nccl.ncclGetLastError;
import static org.bytedeco.cuda.global.nccl.ncclGetUniqueId;
import static org.bytedeco.cuda.global.nccl.ncclInProgress;
import static org.bytedeco.cuda.global.nccl.ncclSuccess;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.runtime.cuda.CudaDevice;
import io.moe4j.runtime.cuda.CudaStream;
import io.moe4j.runtime.cuda.JointEnd;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open NCCL communicator. It is non-blocking: a call returns at once, and the library finishes it on its own thread. So this class keeps the time
 * limit, and can abort a call that hangs. While the communicator is open, the device's failure watch checks it. When a rank has failed, or the
 * library reports an error, the communicator is aborted. This ends the kernels that wait on the device, and thus the host's wait for them.
 */
final class Communicator implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Communicator.class);
    private static final Duration FINISH = Duration.ofSeconds(10);
    /**
     * When a process dies, NCCL on its neighbours may notice before the rendezvous does. Only the rendezvous knows which rank it was, so it gets this
     * long to report.
     */
    private static final Duration RENDEZVOUS_FIRST = Duration.ofSeconds(1);

    private final CudaDevice device;
    private final Group group;
    private final Rendezvous rendezvous;
    private final ncclComm handle = new ncclComm();
    private final Object lock = new Object();
    private final Runnable look = this::lookForFailures;
    private final Supervision supervision;
    private final JointEnd end;
    private final CountDownLatch aborted = new CountDownLatch(1);
    /** Guarded by the lock. */
    private State state = State.OPEN;
    private boolean released;
    /** When the library first reported an error; empty if it has not. Only the watch uses it. */
    private OptionalLong errorSince = OptionalLong.empty();

    private enum State {
        OPEN, ABORTED, CLOSED
    }

    private Communicator(CudaDevice device, Group group, Rendezvous rendezvous, JointEnd end) {
        this.device = device;
        this.group = group;
        this.rendezvous = rendezvous;
        this.supervision = new Supervision(device);
        this.end = end;
    }

    /** Joins the group; every rank of the group must call this. */
    static Communicator open(CudaDevice device, Group group, Rendezvous rendezvous) {
        NcclLibrary.load();
        device.context().makeCurrent();
        byte[] mine = new byte[group.index() == 0 ? NCCL_UNIQUE_ID_BYTES : 0];
        try (ncclUniqueId id = new ncclUniqueId(); ncclConfig_t config = new ncclConfig_t()) {
            BytePointer bytes = new BytePointer(id).capacity(NCCL_UNIQUE_ID_BYTES);
            if (group.index() == 0) {
                NcclLibrary.check(ncclGetUniqueId(id), "ncclGetUniqueId");
                bytes.get(mine);
            }
            byte[] end = JointEnd.seat();
            List<Seat> seats = rendezvous.exchange(group, "nccl",
                    new Seat(NcclHost.name(), device.context().pciAddress(), mine, end).encode()).stream()
                    .map(Seat::decode).toList();
            Seat.requireOwnDevices(group, seats);
            bytes.put(seats.getFirst().id());
            configure(config);
            Communicator communicator = new Communicator(device, group, rendezvous,
                    JointEnd.of(end, seats.stream().map(Seat::end).toList()));
            device.failures().join(rendezvous);
            String opening = "opening group " + group.name();
            try {
                communicator.await(opening, communicator.finish(opening,
                        comm -> ncclCommInitRankConfig(comm, group.size(), id, group.index(), config)));
            } catch (RuntimeException | Error e) {
                communicator.release();
                throw e;
            }
            device.failures().watch(communicator.look);
            return communicator;
        }
    }

    /** Sets the values of the C macro NCCL_CONFIG_INITIALIZER, with blocking = 0: undefined integers are the smallest int, undefined pointers are null. */
    private static void configure(ncclConfig_t config) {
        long words = config.sizeof() / Integer.BYTES;
        new IntPointer(config).put(undefined((int) words));
        config.size(config.sizeof()).magic(NCCL_API_MAGIC).version(NCCL_VERSION_CODE).blocking(0)
                .netName(new BytePointer((Pointer) null))
                .commName(new BytePointer((Pointer) null));
    }

    private static int[] undefined(int words) {
        int[] values = new int[words];
        Arrays.fill(values, Integer.MIN_VALUE);
        return values;
    }

    Group group() {
        return group;
    }

    /** Makes one call of the library, or one group of calls, and returns when the library has enqueued its work on {@code stream}. */
    void call(Stream stream, String what, ToIntFunction<ncclComm> call) {
        await(what, finish(what, call));
        supervision.enqueued((CudaStream) stream, what);
    }

    private int finish(String what, ToIntFunction<ncclComm> call) {
        synchronized (lock) {
            requireOpen(what);
            device.context().makeCurrent();
            return call.applyAsInt(handle);
        }
    }

    private void await(String what, int result) {
        Duration limit = device.config().timeout();
        int end = settle(what, result, limit);
        if (end == ncclInProgress) {
            rendezvous.check();
            throw failed(what, "NCCL did not finish within " + limit.toSeconds() + " s; a rank of " + group.ranks()
                    + " hangs or did not come, see their logs, or raise runtime.timeout");
        }
        if (end != ncclSuccess) {
            String message = describe(end);
            Pause.until(() -> rendezvous.failure().isPresent(), RENDEZVOUS_FIRST);
            throw failed(what, message);
        }
    }

    /** Waits for the result of a call. Returns "in progress" if the limit has passed or a rank has failed. */
    private int settle(String what, int result, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        int now = result;
        for (int looks = 0; now == ncclInProgress; looks++) {
            if (rendezvous.failure().isPresent() || System.nanoTime() > deadline) {
                abort();
                return now;
            }
            Pause.after(looks);
            synchronized (lock) {
                requireOpen(what);
                now = asyncError();
            }
        }
        return now;
    }

    private String describe(int result) {
        synchronized (lock) {
            BytePointer last = state == State.OPEN && !handle.isNull() ? ncclGetLastError(handle) : null;
            return NcclLibrary.describe(result)
                    + (last == null || last.isNull() || last.getString().isBlank() ? ""
                            : ": " + last.getString().strip())
                    + "; NCCL_DEBUG=WARN in the environment shows more";
        }
    }

    /** The error that the library reports asynchronously. The caller holds the lock. */
    private int asyncError() {
        int[] error = new int[1];
        int result = ncclCommGetAsyncError(handle, error);
        return result == ncclSuccess ? error[0] : result;
    }

    private void requireOpen(String what) {
        if (state == State.ABORTED) {
            rendezvous.check();
        }
        if (state != State.OPEN) {
            throw new IllegalStateException(what + " of group " + group.name() + " after its communicator was "
                    + (state == State.CLOSED ? "closed; close collectives last" : "aborted; open a new session"));
        }
    }

    /** Reports the failure to the other ranks, and returns the first known failure, which may be that of another rank. */
    private RankFailedException failed(String what, String message) {
        rendezvous
                .fail(new RankFailure(group.rank(), what + " of group " + group.name() + " " + group.ranks(), message));
        abort();
        return new RankFailedException(rendezvous.failure().orElseThrow());
    }

    /** Checks for failures. Called by the watch. */
    private void lookForFailures() {
        int error;
        synchronized (lock) {
            if (state != State.OPEN) {
                return;
            }
            error = asyncError();
        }
        device.context().makeCurrent();
        supervision.overdue().ifPresent(this::failOverdue);
        if (error != ncclSuccess && error != ncclInProgress && isOld()) {
            rendezvous.fail(new RankFailure(group.rank(), "collectives of group " + group.name(), describe(error)));
        }
        if (rendezvous.failure().isPresent()) {
            device.failures().stopAfterFailure();
            // Aborting may wait for kernels that wait for another communicator. It runs on its own thread, so that the watch can meanwhile abort the
            // other communicator.
            Thread.ofPlatform().name("nccl abort").daemon().start(this::abort);
        }
    }

    /** Reports that a call is overdue. NCCL does not say which rank is missing. */
    private void failOverdue(String what) {
        rendezvous.fail(new RankFailure(group.rank(), what + " of group " + group.name() + " " + group.ranks(),
                "it waited, and its device did not finish within " + device.config().timeout().toSeconds()
                        + " s; another rank hangs or is gone, see their logs, or raise runtime.timeout"));
    }

    private boolean isOld() {
        long now = System.nanoTime();
        if (errorSince.isEmpty()) {
            errorSince = OptionalLong.of(now);
        }
        return now - errorSince.getAsLong() > RENDEZVOUS_FIRST.toNanos();
    }

    /** Aborts the communicator, outside the lock: concurrent checks see the new state, and do not wait. */
    private void abort() {
        synchronized (lock) {
            if (state != State.OPEN) {
                return;
            }
            state = State.ABORTED;
        }
        ncclCommAbort(handle);
        aborted.countDown();
    }

    /**
     * Flushes and frees the communicator; aborts it if a rank has failed or the other ranks do not close theirs in time. Closing twice is harmless.
     */
    @Override
    public void close() {
        device.failures().unwatch(look);
        if (isOpen()) {
            int end = settle("closing", finish("closing", comm -> ncclCommFinalize(comm)), FINISH);
            if (end == ncclSuccess) {
                destroy();
            } else {
                abort();
            }
        }
        awaitAbort();
        if (!released) {
            awaitOthers();
            release();
        }
    }

    /**
     * If a process has several communicators of a group, NCCL frees all of them in the last call that ends one, for all their GPUs; the earlier calls return
     * at once. So a rank waits here, and does not free memory and streams of its own GPU while the library is still working there. (With two ranks in one
     * JVM, NCCL 2.28.9 and driver 580, 3 of about 200 first sessions crashed in {@code cuMemUnmap}, called from {@code ncclCommDestroy}, with "double free or
     * corruption". It is too rare to show that this was the cause.)
     */
    private void awaitOthers() {
        if (!end.await(FINISH)) {
            log.warn("not all ranks of group {} in this process ended their NCCL communicator within {} s",
                    group.name(),
                    FINISH.toSeconds());
        }
    }

    private void release() {
        released = true;
        end.come();
        device.failures().leave(rendezvous);
        supervision.close();
    }

    private boolean isOpen() {
        synchronized (lock) {
            return state == State.OPEN;
        }
    }

    private void destroy() {
        synchronized (lock) {
            if (state == State.OPEN) {
                state = State.CLOSED;
                ncclCommDestroy(handle);
            }
        }
    }

    /** Waits for an abort that another thread has begun, because the device must stay open until it ends. */
    private void awaitAbort() {
        try {
            synchronized (lock) {
                if (state != State.ABORTED) {
                    return;
                }
            }
            if (!aborted.await(FINISH.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("NCCL did not abort the communicator of group {} within {} s", group.name(),
                        FINISH.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
