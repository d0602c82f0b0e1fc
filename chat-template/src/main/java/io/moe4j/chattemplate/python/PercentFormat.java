package io.moe4j.chattemplate.python;

/** Python's {@code "%s" % value}. */
final class PercentFormat {

    private PercentFormat() {}

    static String format(String pattern, Object values) {
        throw new PythonError("% does not format texts yet; use ~");
    }
}
