package io.moe4j.comm.standard;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.support.ForwardingCommBackend;
import io.moe4j.api.comm.support.ForwardingCommBackendProvider;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.Planted;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The kit finds a combine that is done only when its sums are awaited: by then the scope of the received rows may have closed. */
class LateCombineTest {

    @Test
    void isFound() {
        Planted.isFound("a combine that waits until it is awaited", "out_TD of a combine in the order", () -> {
            Kit kit = new Kit();
            kit.open();
            try {
                return Planted.failures(kit.exchangesBesideTheMainStream());
            } finally {
                kit.close();
            }
        });
    }

    private static final class Kit extends CpuContractTest {

        @Override
        protected CommBackendProvider provider() {
            return new Late();
        }

        @Override
        protected List<Integer> groupSizes() {
            return List.of(2);
        }
    }

    private static final class Late extends ForwardingCommBackendProvider {

        Late() {
            super(new StandardProvider());
        }

        @Override
        public String id() {
            return "late";
        }

        @Override
        public String spiVersion() {
            return CommBackendProvider.SPI_VERSION;
        }

        @Override
        protected CommBackend wrap(CommBackend backend, CommConfig config, CommContext context) {
            return new ForwardingCommBackend(backend) {
                @Override
                public PendingTokens combine(CombineRequest request) {
                    return new PendingTokens() {
                        private Optional<Tensor> sums = Optional.empty();

                        @Override
                        public Tensor await() {
                            if (sums.isEmpty()) {
                                sums = Optional.of(backend.combine(request).await());
                            }
                            return sums.get();
                        }
                    };
                }
            };
        }
    }
}
