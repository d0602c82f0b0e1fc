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
import java.util.List;

/**
 * Opens another provider's backend and wraps it, in a {@link ForwardingCommBackend} most of the time. What the backend needs, and where it runs, is
 * what the other provider says. Id and version are the subclass's own: {@code spiVersion()} returns {@code CommBackendProvider.SPI_VERSION}, so that
 * the compiler copies the constant into the subclass's jar. Since SPI 1.2.
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
 */
@Stability(Stability.Level.EVOLVING)
public abstract class ForwardingCommBackendProvider implements CommBackendProvider {
    private final CommBackendProvider provider;

    /** @param provider whose backends are wrapped */
    protected ForwardingCommBackendProvider(CommBackendProvider provider) {
        this.provider = provider;
    }

    /**
     * Wraps what was opened.
     *
     * @param backend closed by what is returned; if this throws, it is closed here
     */
    protected abstract CommBackend wrap(CommBackend backend, CommConfig config, CommContext context);

    /** What the backend is opened with; the same unless it is overridden. */
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
