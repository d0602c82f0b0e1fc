/** The record of runs as one page. */
module io.moe4j.report {
    requires io.moe4j.api;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.toml;

    exports io.moe4j.report;
}
