/** Chat templates of published models: Jinja, as transformers renders it. */
module io.moe4j.chattemplate {
    requires transitive io.moe4j.api;
    requires static transitive org.jspecify;
    requires tools.jackson.databind;

    exports io.moe4j.chattemplate;
}
