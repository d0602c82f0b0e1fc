/** A device that computes nothing and counts everything: what plans are made on. */
module io.moe4j.runtime.planning {
    requires static transitive org.jspecify;
    requires transitive io.moe4j.api;

    exports io.moe4j.runtime.planning;
}
