package io.moe4j.api.spi;

import io.moe4j.api.Stability;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A version of an SPI. A host accepts plug-ins of its own major version and a minor version up to its own.
 *
 * @param major changes when plug-ins must be changed
 * @param minor changes when plug-ins may use more
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public record SpiVersion(int major, int minor) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})");

    /** Reads {@code "1.1"}. */
    public static SpiVersion parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is no SPI version; write major.minor, such as 1.1, or return SPI_VERSION");
        }
        return new SpiVersion(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }

    /** Whether a host of this version accepts a plug-in that was built against {@code built}. */
    public Compatibility accepts(SpiVersion built) {
        if (built.major == major) {
            return built.minor <= minor ? Compatibility.COMPATIBLE : Compatibility.TOO_NEW;
        }
        return built.major < major ? Compatibility.TOO_OLD : Compatibility.TOO_NEW;
    }

    /**
     * Whether a plug-in that was built against this version knows the additions of version {@code first}: this version is {@code first} or later.
     *
     * @since 0.3.0
     */
    public boolean isSince(SpiVersion first) {
        return major > first.major || (major == first.major && minor >= first.minor);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }

    /** The three outcomes. */
    public enum Compatibility {
        /** The host accepts the plug-in. */
        COMPATIBLE,
        /** The plug-in needs an older host, or must be rebuilt. */
        TOO_OLD,
        /** The plug-in needs a newer host. */
        TOO_NEW
    }
}
