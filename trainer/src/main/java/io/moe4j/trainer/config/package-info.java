/** The configuration: records by section, named configurations, overrides, and the checks that are made before anything is opened. */
@NullMarked
package io.moe4j.trainer.config;

import org.jspecify.annotations.NullMarked;
