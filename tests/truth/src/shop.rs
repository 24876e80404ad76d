//! One seed's shop: orders that agree, and those that do not.

use crate::Asked;
use crate::plant::{self, CODES, Code};
use crate::settle::{DayTotals, Wishes};
use crate::world::{Channel, DAY, Kind, SECOND, State, World};

/// What came out, with the pairs that stand on one order.
pub(crate) struct Shop {
    pub(crate) worlds: [World; 2],
    pub(crate) wishes: [Wishes; 2],
    pub(crate) pairs: Vec<(Code, Code)>,
}

pub(crate) fn build(asked: &Asked, day: i32, starts: i64) -> Shop {
    let world = |channel, salt| World::new(channel, day, starts, asked.seed * 2 + salt);
    let mut shop = Shop {
        worlds: [world(Channel::Alipay, 0), world(Channel::Wechatpay, 1)],
        wishes: [Wishes::default(); 2],
        pairs: Vec::new(),
    };
    for (n, code) in CODES.into_iter().enumerate() {
        for single in 0..asked.singles {
            let side = usize::try_from(single).unwrap_or(0) + n;
            if let Some(world) = shop.worlds.get_mut(side % 2) {
                let order = world.next_order();
                plant::one(world, code, &order, 1);
            }
        }
    }
    for n in 0..asked.pairs {
        let number = asked.seed * u64::from(asked.pairs) + u64::from(n);
        let number =
            usize::try_from(number % u64::try_from(plant::PAIRS).unwrap_or(1)).unwrap_or(0);
        shop.plant_pair(plant::pair(number), n % 2 == 1);
    }
    let so_far: u32 = CODES.len().try_into().unwrap_or(0);
    let rest = asked
        .orders
        .saturating_sub(so_far * asked.singles + asked.pairs);
    for n in 0..rest {
        if let Some(world) = shop.worlds.get_mut(usize::from(n % 2 == 1)) {
            agreeing(world, n);
        }
    }
    for world in &mut shop.worlds {
        neighbours(world);
        for rows in world.bills.values_mut() {
            rows.sort_by_key(|row| row.at);
        }
    }
    shop
}

impl Shop {
    /// A pair on one order. A payout of the day can be short or over only once, so another pair may have to go to the
    /// other channel, or wait for another seed.
    fn plant_pair(&mut self, (first, second): (Code, Code), begins_right: bool) {
        let sides = if begins_right { [1, 0] } else { [0, 1] };
        let side = sides.into_iter().find(|side| {
            let wishes = self.wishes.get(*side).copied().unwrap_or_default();
            match (first.is_payout(), second.is_payout()) {
                (false, false) => true,
                (true, true) => wishes.day.is_none() && wishes.next_day.is_none(),
                (true, false) => wishes.day.is_none_or(|code| code == first),
                (false, true) => wishes.day.is_none_or(|code| code == second),
            }
        });
        let Some(side) = side else {
            return;
        };
        let (Some(world), Some(wishes)) = (self.worlds.get_mut(side), self.wishes.get_mut(side))
        else {
            return;
        };
        let order = world.next_order();
        match (first.is_payout(), second.is_payout()) {
            (false, false) => plant::two(world, first, second, &order),
            (true, true) => {
                paid_here_returned_tomorrow(world, &order);
                (wishes.day, wishes.next_day) = (Some(first), Some(second));
            }
            (true, false) => {
                plant::one(world, second, &order, 1);
                wishes.day = Some(first);
            }
            (false, true) => {
                plant::one(world, first, &order, 1);
                wishes.day = Some(second);
            }
        }
        self.pairs.push((first, second));
    }
}

/// One order in two payouts.
fn paid_here_returned_tomorrow(world: &mut World, order: &str) {
    let (bill, book) = world.payment(order, 1);
    let (mut back, mut back_book) = world.refund(&bill, 1);
    let tomorrow = plant::next(world.day);
    back.at += DAY;
    (back_book.at, back_book.day) = (back.at + 137, tomorrow);
    world.put_bill(bill);
    world.put_bill_on(tomorrow, back);
    world.books.extend([book, back_book]);
}

/// Orders that agree in every way there is: also what failed here and is on no bill, what came and was reversed, what
/// another reference stands for under the same number of the channel, and the seconds beside midnight.
fn agreeing(world: &mut World, n: u32) {
    let order = world.next_order();
    match n % 97 {
        0 | 1 => {
            let (_, mut book) = world.payment(&order, 1);
            book.state = State::Failed;
            book.transaction = None;
            world.books.push(book);
        }
        2 | 3 => {
            let (bill, mut book) = world.payment(&order, 1);
            book.state = State::Failed;
            let mut back = bill.clone();
            back.kind = Kind::Refund;
            back.fee = -bill.fee;
            back.at += SECOND;
            world.put_bill(bill);
            world.put_bill(back);
            world.books.push(book);
        }
        4 | 5 => {
            let (mut bill, book) = world.payment(&order, 1);
            bill.payment = format!("COUNTER-{:08}", world.serial());
            world.put_bill(bill);
            world.books.push(book);
        }
        6 | 7 => {
            let (mut bill, mut book) = world.payment(&order, 1);
            let ends = world.starts + DAY - SECOND;
            bill.at = if n % 97 == 6 { world.starts } else { ends };
            book.at = bill.at;
            world.put_bill(bill);
            world.books.push(book);
        }
        _ => plant::agreeing(world, &order, 1),
    }
}

/// Some trade of the days beside it, on both sides.
fn neighbours(world: &mut World) {
    for by in [-1, 1] {
        let day = plant::moved(world.day, by);
        for _ in 0..12 {
            let order = world.next_order();
            let (mut bill, mut book) = world.payment(&order, 1);
            bill.at += by * DAY;
            (book.at, book.day) = (book.at + by * DAY, day);
            world.put_bill_on(day, bill);
            world.books.push(book);
        }
    }
}

/// What the day's bill comes to.
pub(crate) fn totals(world: &World) -> DayTotals {
    let mut totals = DayTotals {
        day: world.day,
        payments: 0,
        paid: 0,
        refunds: 0,
        refunded: 0,
        fee: 0,
        reserve: 0,
    };
    let rows = world.bills.get(&world.day).into_iter().flatten();
    for row in rows.filter(|row| row.state == State::Done) {
        match row.kind {
            Kind::Payment => {
                (totals.payments, totals.paid) = (totals.payments + 1, totals.paid + row.amount)
            }
            Kind::Refund => {
                (totals.refunds, totals.refunded) =
                    (totals.refunds + 1, totals.refunded + row.amount)
            }
        }
        totals.fee += row.fee;
    }
    totals
}
