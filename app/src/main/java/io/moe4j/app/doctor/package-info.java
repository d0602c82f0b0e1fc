/** What a machine has, and what is missing for what. */
@NullMarked
package io.moe4j.app.doctor;

import org.jspecify.annotations.NullMarked;
