//! A Raspberry Pi, through rppal.
//!
//! rppal writes the GPIO registers behind the kernel's back, so nothing else on the Pi may use the
//! same lines. Its pins cannot fail once they are held; only taking hold of them can.

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use rppal::gpio::{self, Gpio};

use super::{InputLine, Lines, OutputLine};
use crate::error::BoardError;

/// BCM number of the status lamp: pin 11 of the 40-pin header, through 330 ohm to ground (pin 9).
const LAMP_BCM: u8 = 17;
/// BCM number of the door switch: pin 13 of the header, the switch to ground (pin 14); the Pi's own
/// pull-up lifts it when the contact opens.
const DOOR_BCM: u8 = 27;

/// The lines of our wiring on this Pi.
pub(super) fn open() -> Result<Lines, BoardError> {
    let gpio = Gpio::new()?;
    let lamp = gpio.get(LAMP_BCM)?.into_output_low();
    let door = gpio.get(DOOR_BCM)?.into_input_pullup();
    Ok(Lines {
        lamp: Some(OutputLine(Box::new(Held(lamp)))),
        door: Some(InputLine(Box::new(Held(door)))),
        description: "Raspberry Pi".to_owned(),
    })
}

/// An rppal pin whose (impossible) errors are ours.
struct Held<P>(P);

impl<P> ErrorType for Held<P> {
    type Error = BoardError;
}

impl<P: OutputPin<Error = core::convert::Infallible>> OutputPin for Held<P> {
    fn set_low(&mut self) -> Result<(), BoardError> {
        Ok(self.0.set_low()?)
    }

    fn set_high(&mut self) -> Result<(), BoardError> {
        Ok(self.0.set_high()?)
    }
}

impl<P: InputPin<Error = core::convert::Infallible>> InputPin for Held<P> {
    fn is_high(&mut self) -> Result<bool, BoardError> {
        Ok(self.0.is_high()?)
    }

    fn is_low(&mut self) -> Result<bool, BoardError> {
        Ok(self.0.is_low()?)
    }
}

impl From<gpio::Error> for BoardError {
    fn from(error: gpio::Error) -> Self {
        let reason = error.to_string();
        match error {
            gpio::Error::UnknownModel => Self::NotAPi { reason },
            _ => Self::Gpio { reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_model_is_said_to_be_no_pi_and_the_rest_is_said_as_it_is() {
        let told = |error: gpio::Error| BoardError::from(error).to_string();
        assert_eq!(
            told(gpio::Error::UnknownModel),
            "board kind \"rpi\": this machine is not a Raspberry Pi (Unknown Raspberry Pi model); \
             use \"none\", or \"sim:DIR\" for a simulated board"
        );
        assert!(told(gpio::Error::PinUsed(17)).contains("GPIO cannot be used: Pin 17 is already"));
    }
}
