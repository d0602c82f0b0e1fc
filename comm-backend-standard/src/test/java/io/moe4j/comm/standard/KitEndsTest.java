package io.moe4j.comm.standard;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.support.ForwardingCommBackend;
import io.moe4j.api.comm.support.ForwardingCommBackendProvider;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.tests.contract.CommBackendContract;
import io.moe4j.tests.contract.Installed;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The kit ends where a backend does not, and says where it is; and it names the rank of one that fails. */
class KitEndsTest {
    private static final int WRONG_RANK = 1;

    /** Takes a minute, which the kit grants beyond the device's time limit. */
    @Test
    @Tag("thorough")
    void aRankThatNeverComesBackIsLeft() {
        Runnable forEver = () -> {
            while (true) {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException goesOn) {
                    // As code does that knows of no interrupts.
                }
            }
        };
        AssertionError error = assertTimeoutPreemptively(Duration.ofMinutes(3),
                () -> assertThrows(AssertionError.class, () -> kit(forEver)), "the kit does not end");
        assertTrue(error.getMessage().startsWith("rank 1 still waits after 61 s")
                && error.getMessage().contains("KitEndsTest.lambda$aRankThatNeverComesBackIsLeft"), error.getMessage());
    }

    @Test
    void theRankThatFailsIsNamed() {
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> kit(() -> {
            throw new UnsupportedOperationException("the link is down");
        }));
        assertTrue(
                error.getMessage()
                        .startsWith("a rank failed: rank 1: java.lang.UnsupportedOperationException: the link"),
                error.getMessage());
    }

    @SuppressWarnings("JUnitMethodInvoked") // the kit's own test, in a kit that JUnit does not find
    private static void kit(Runnable fault) {
        CommBackendContract kit = new Kit(fault);
        kit.open();
        kit.waitsForTheHostOnlyIfItSaysSo();
    }

    /** Not found by JUnit: it is private, and has no constructor without arguments. */
    private static final class Kit extends CommBackendContract {
        private final Runnable fault;

        Kit(Runnable fault) {
            this.fault = fault;
        }

        @Override
        protected CommBackendProvider provider() {
            return new ForwardingCommBackendProvider(new StandardProvider()) {
                @Override
                public String id() {
                    return "wrong";
                }

                @Override
                public String spiVersion() {
                    return CommBackendProvider.SPI_VERSION;
                }

                @Override
                protected CommBackend wrap(CommBackend backend, CommConfig config, CommContext context) {
                    return context.group().index() == WRONG_RANK ? new Wrong(backend, fault) : backend;
                }
            };
        }

        @Override
        protected DeviceProvider deviceProvider() {
            return Installed.device("cpu");
        }

        @Override
        protected DeviceConfig deviceConfig() {
            return DeviceConfig.defaults().withStrict(true).withTimeout(Duration.ofSeconds(1));
        }

        @Override
        protected Optional<CollectivesProvider> collectivesProvider() {
            return Optional.of(Installed.collectives(deviceProvider()));
        }
    }

    private static final class Wrong extends ForwardingCommBackend {
        private final Runnable fault;

        Wrong(CommBackend backend, Runnable fault) {
            super(backend);
            this.fault = fault;
        }

        @Override
        public PendingRows dispatch(DispatchRequest request) {
            PendingRows pending = super.dispatch(request);
            return () -> {
                fault.run();
                return pending.await();
            };
        }
    }
}
