package io.moe4j.api.comm.support;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.CommRequirements;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Setting;
import io.moe4j.api.tensor.DType;
import java.util.List;

/**
 * Opens another provider's backend and wraps it, usually in a {@link ForwardingCommBackend}. Requirements and supported devices are those of the
 * other provider. The subclass defines id and version: {@code spiVersion()} returns {@code CommBackendProvider.SPI_VERSION}, so that the compiler
 * copies the constant into the subclass's jar. Since SPI 1.2.
 *
 * <pre>{@code
 * public final class TimedProvider extends ForwardingCommBackendProvider {
 *     public TimedProvider() {
 *         super(new OtherProvider());
 *     }
 *
 *     protected CommBackend wrap(CommBackend backend, CommConfig config, CommContext context) {
 *         return new Timed(backend);
 *     }
 *     // id() and spiVersion()
 * }
 * }</pre>
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class ForwardingCommBackendProvider implements CommBackendProvider {
    private final CommBackendProvider provider;

    /** @param provider the provider that opens the backends to wrap */
    protected ForwardingCommBackendProvider(CommBackendProvider provider) {
        this.provider = provider;
    }

    /**
     * Wraps an opened backend.
     *
     * @param backend the returned backend closes it; if this method throws, this class closes it
     */
    protected abstract CommBackend wrap(CommBackend backend, CommConfig config, CommContext context);

    /** The context that the backend is opened with; {@code context} itself unless this is overridden. */
    protected CommContext contextFor(CommContext context) {
        return context;
    }

    @Override
    public String description() {
        return provider.description();
    }

    @Override
    public Availability probe() {
        return provider.probe();
    }

    @Override
    public List<Setting<?>> settings() {
        return provider.settings();
    }

    @Override
    public boolean supports(DeviceKind kind) {
        return provider.supports(kind);
    }

    @Override
    public boolean supports(DeviceKind kind, DType rowType) {
        return provider.supports(kind, rowType);
    }

    @Override
    public boolean sendsRowsOnce() {
        return provider.sendsRowsOnce();
    }

    @Override
    public boolean supportsRounds(DeviceKind kind) {
        return provider.supportsRounds(kind);
    }

    @Override
    public CommRequirements requirements() {
        return provider.requirements();
    }

    @Override
    public CommBackend open(CommConfig config, CommContext context) {
        CommBackend backend = provider.open(config, contextFor(context));
        try {
            return wrap(backend, config, context);
        } catch (RuntimeException | Error e) {
            try {
                backend.close();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }
}
